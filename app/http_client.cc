// app/http_client.cc: Boost.Beast's parser reads the answer, eagerly and without limit of its own.
#include "app/http_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "core/check.h"
#include "net/http.h"

namespace fanfare {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using Kind = ClientFailure::Kind;

constexpr std::size_t read_bytes = 65'536;
constexpr uint32_t head_bytes_max = 65'536;

std::string_view view_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Fills one answer. Of several heads (100 Continue) each has its own reader.
class AnswerReader final : public http::basic_parser<false> {
 public:
  AnswerReader(ClientAnswer& answer, const BodySink& sink) : answer_(answer), sink_(sink) {
    header_limit(head_bytes_max);
    body_limit(boost::none);  // Beast's own is 8 MiB, and a stream has no end
    eager(true);
  }

  bool has_enough() const { return has_enough_; }
  bool is_too_long() const { return is_too_long_; }

 private:
  void on_request_impl(http::verb, boost::beast::string_view, boost::beast::string_view, int,
                       error_code&) override {}
  void on_response_impl(int status, boost::beast::string_view, int, error_code&) override {
    answer_.status = static_cast<unsigned>(status);
  }
  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                     error_code&) override {
    if (!in_body_) answer_.fields.emplace_back(view_of(name), view_of(value));
  }
  void on_header_impl(error_code&) override { in_body_ = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(boost::beast::string_view bytes, error_code& ec) override {
    return take(view_of(bytes), ec);
  }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes,
                                 error_code& ec) override {
    return take(view_of(bytes), ec);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t take(std::string_view bytes, error_code& ec) {
    if (sink_ && answer_.status == 200) {
      has_enough_ = sink_(answer_, bytes) == SinkSays::enough;
      if (has_enough_) ec = http::error::body_limit;
      return bytes.size();
    }
    is_too_long_ = answer_.body.size() + bytes.size() > HttpClient::collected_bytes_max;
    if (is_too_long_) {
      ec = http::error::body_limit;
    } else {
      answer_.body += bytes;
    }
    return bytes.size();
  }

  ClientAnswer& answer_;
  const BodySink& sink_;
  bool in_body_ = false;
  bool has_enough_ = false;
  bool is_too_long_ = false;
};

std::string head_of(const ClientRequest& request, const BrokerAddress& address) {
  std::string head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", request.method, address.path,
                                 request.target, address.host_field());
  for (const auto& [name, value] : request.fields) {
    CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    head += fmt::format("{}: {}\r\n", name, value);
  }
  const bool has_body = !request.body.empty() || request.method == "POST";
  if (has_body) head += fmt::format("Content-Length: {}\r\n", request.body.size());
  return head + "\r\n";
}

}  // namespace

std::string_view ClientAnswer::field(std::string_view name) const {
  for (const auto& [known, value] : fields) {
    if (same_name(known, name)) return value;
  }
  return {};
}

// One request and its answer on an open connection.
class HttpClient::Exchange {
 public:
  Exchange(HttpClient& client, Instant whole_deadline, const BodySink& sink)
      : client_(client), whole_deadline_(whole_deadline), sink_(sink) {}

  ClientOutcome run(const ClientRequest& request) {
    is_head_ = request.method == "HEAD";
    start_reader();
    // An early answer (413) is worth more than the failure to send the rest.
    const SocketEnd sent = send(request);
    if (sent != SocketEnd::ok && sent != SocketEnd::failed) return ended(sent);
    while (!done_ && !outcome_.failure) {
      std::size_t got = 0;
      const SocketEnd end = client_.socket_.receive(piece_, deadline(), got);
      if (end == SocketEnd::closed) {
        at_close();
      } else if (end != SocketEnd::ok) {
        return ended(end);
      } else {
        pending_.append(piece_.data(), got);
        parse();
      }
    }
    if (outcome_.failure || reader_->has_enough() || !reader_->keep_alive() || !pending_.empty() ||
        sent != SocketEnd::ok) {
      client_.socket_.close();
    }
    return std::move(outcome_);
  }

 private:
  void start_reader() {
    outcome_.answer = {};
    reader_.emplace(outcome_.answer, sink_);
    if (is_head_) reader_->skip(true);
  }

  Instant deadline() const {
    return std::min(whole_deadline_, monotonic_now() + client_.times_.silence);
  }

  SocketEnd send(const ClientRequest& request) {
    const std::string head = head_of(request, client_.address_);
    constexpr std::size_t joined_bytes_max = 16'384;
    if (request.body.size() <= joined_bytes_max) {
      return client_.socket_.send_all(head + std::string(request.body), deadline());
    }
    const SocketEnd end = client_.socket_.send_all(head, deadline());
    return end == SocketEnd::ok ? client_.socket_.send_all(request.body, deadline()) : end;
  }

  void parse() {
    while (!done_ && !outcome_.failure) {
      error_code ec;
      const std::size_t used = reader_->put({pending_.data(), pending_.size()}, ec);
      pending_.erase(0, used);
      if (reader_->is_too_long() && !reader_->has_enough()) {
        fail(fmt::format("the answer has more than {} bytes", collected_bytes_max));
        return;
      }
      if (!reader_->has_enough()) {
        if (ec == http::error::need_more || (!ec && !reader_->is_done())) {
          // Not before more bytes come, unless the last call made use of some.
          if (used == 0 || pending_.empty()) return;
          continue;
        }
        if (ec) {
          fail(fmt::format("the answer is not HTTP/1.1 ({})", ec.message()));
          return;
        }
        if (outcome_.answer.status < 200) {
          start_reader();  // 100 Continue, 103: the answer is yet to come
          continue;
        }
      }
      done_ = true;
    }
  }

  // Some bodies end so; every other answer is cut short.
  void at_close() {
    error_code ec;
    if (reader_->is_header_done()) reader_->put_eof(ec);
    if (reader_->is_done() && !ec) {
      done_ = true;
    } else {
      outcome_.failure = client_.failure(SocketEnd::closed, Kind::lost);
    }
  }

  ClientOutcome ended(SocketEnd end) {
    outcome_.failure = client_.failure(end, Kind::lost);
    client_.socket_.close();
    return std::move(outcome_);
  }

  void fail(std::string what) { outcome_.failure = {Kind::malformed, std::move(what)}; }

  HttpClient& client_;
  const Instant whole_deadline_;
  const BodySink& sink_;
  bool is_head_ = false;
  bool done_ = false;
  ClientOutcome outcome_;
  std::optional<AnswerReader> reader_;
  std::string pending_;  // received and not yet used
  std::array<char, read_bytes> piece_;
};

HttpClient::HttpClient(BrokerAddress address, ClientTimes times, Interrupt interrupt)
    : address_(std::move(address)), times_(times), socket_(interrupt) {}
HttpClient::~HttpClient() = default;

ClientFailure HttpClient::failure(SocketEnd end, Kind on_failure) const {
  switch (end) {
    case SocketEnd::interrupted:
      return {Kind::interrupted, "interrupted"};
    case SocketEnd::timed_out:
      return {on_failure == Kind::lost ? Kind::timed_out : on_failure, "nothing came in time"};
    case SocketEnd::closed:
      return {on_failure, "the connection was closed"};
    case SocketEnd::ok:
    case SocketEnd::failed:
      break;
  }
  return {on_failure, socket_.error()};
}

ClientOutcome HttpClient::request(const ClientRequest& request, const BodySink& sink) {
  const Instant begin = monotonic_now();
  const Instant whole_deadline = times_.whole ? begin + *times_.whole : never;
  // A connection that was closed while it was idle is not worth a try.
  if (!socket_.is_quiet()) {
    const SocketEnd end =
        socket_.connect(address_, std::min(whole_deadline, begin + times_.connect));
    if (end != SocketEnd::ok) return {{}, failure(end, Kind::not_connected)};
  }
  return Exchange(*this, whole_deadline, sink).run(request);
}

}  // namespace fanfare
