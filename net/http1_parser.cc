// net/http1_parser.cc: Boost.Beast's parser behind a guard.
//
// Beast (1.81) is strict, makes no copies and knows no sockets; what it lets pass that two parsers
// could read in two ways is refused here before or after it: obs-fold, transfer codings other than
// one `chunked`, chunked in HTTP/1.0, Content-Length beside Transfer-Encoding in any order, a
// missing or second Host, targets that are not ASCII (docs/ARCHITECTURE.md#http).
#include "net/http1_parser.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace fanfare {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t padding_bytes = 64;
constexpr std::size_t kept_bytes_max = 16'384;
constexpr std::size_t chunk_head_bytes_max =
    4096;  // size, extensions, trailers: none of it is used

Method method_of(std::string_view text) {
  constexpr std::pair<std::string_view, Method> known[] = {
      {"GET", Method::get},        {"HEAD", Method::head},   {"POST", Method::post},
      {"PUT", Method::put},        {"PATCH", Method::patch}, {"DELETE", Method::del},
      {"OPTIONS", Method::options}};
  for (const auto& [name, method] : known) {
    if (name == text) return method;
  }
  return Method::other;
}

bool has_bare_line_feed(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

std::string_view view_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Collects what Beast finds; its views look into the buffer that it was given.
class Reader final : public http::basic_parser<true> {
 public:
  Reader(const HttpLimits& limits, std::vector<HttpField>& fields, std::string& body)
      : fields_max_(limits.fields_max), fields_(fields), body_(body) {
    header_limit(static_cast<std::uint32_t>(limits.head_bytes_max + 4));
    body_limit(boost::none);
    eager(true);
  }

  std::string_view method, target;
  int version = 0;
  bool too_many_fields = false;
  std::size_t body_bytes_max = 0;
  bool body_too_long = false;

 private:
  void on_request_impl(http::verb, boost::beast::string_view method_text,
                       boost::beast::string_view target_text, int version_number,
                       error_code&) override {
    method = view_of(method_text);
    target = view_of(target_text);
    version = version_number;
  }
  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                     error_code& ec) override {
    if (in_body_) return;  // a trailer: framing and all else in it is ignored
    if (fields_.size() >= fields_max_) {
      too_many_fields = true;
      ec = http::error::header_limit;
      return;
    }
    fields_.push_back({view_of(name), view_of(value)});
  }
  void on_header_impl(error_code&) override { in_body_ = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(boost::beast::string_view bytes, error_code& ec) override {
    return take(bytes, ec);
  }
  void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view,
                            error_code& ec) override {
    if (size > body_bytes_max || body_.size() > body_bytes_max - size) refuse(ec);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes,
                                 error_code& ec) override {
    return take(bytes, ec);
  }
  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  std::size_t take(boost::beast::string_view bytes, error_code& ec) {
    if (body_.size() + bytes.size() > body_bytes_max) {
      refuse(ec);
      return 0;
    }
    const std::size_t wanted = body_.size() + bytes.size() + padding_bytes;
    if (body_.capacity() < wanted) body_.reserve(std::max(wanted, 2 * body_.capacity()));
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void refuse(error_code& ec) {
    body_too_long = true;
    ec = http::error::body_limit;
  }

  const std::size_t fields_max_;
  std::vector<HttpField>& fields_;
  std::string& body_;
  bool in_body_ = false;
};

}  // namespace

struct Http1Parser::Parts {
  enum class State : uint8_t { head, head_done, body, whole, refused };

  explicit Parts(const HttpLimits& of) : limits(of) { body.reserve(padding_bytes); }

  Step read_head(std::string_view in, std::size_t& used);
  Step read_body(std::string_view in, std::size_t& used);
  bool guard_lines();
  bool take_request();
  bool guard_framing();
  bool take_target();
  bool refuse(unsigned status, std::string detail) {
    refusal = {status, std::move(detail)};
    state = State::refused;
    return false;
  }
  bool refuse(const error_code& ec);

  const HttpLimits limits;
  State state = State::head;
  std::string head;          // as sent, but field names in lower case
  std::size_t searched = 0;  // of `head`, for its end
  std::string rest;          // of a chunked body: bytes that Beast could not use yet
  std::string body;
  std::vector<HttpField> fields;
  std::optional<Reader> reader;
  HttpRequest request;
  HttpRefusal refusal;
};

Http1Parser::Http1Parser(const HttpLimits& limits) : parts_(std::make_unique<Parts>(limits)) {}
Http1Parser::~Http1Parser() = default;

Http1Parser::Step Http1Parser::feed(std::string_view in, std::size_t& used) {
  used = 0;
  switch (parts_->state) {
    case Parts::State::head:
      return parts_->read_head(in, used);
    case Parts::State::head_done:
    case Parts::State::body:
      return parts_->read_body(in, used);
    case Parts::State::whole:
      return Step::request;
    case Parts::State::refused:
      break;
  }
  return Step::refused;
}

Http1Parser::Step Http1Parser::Parts::read_head(std::string_view in, std::size_t& used) {
  // Empty lines before a request are passed over (RFC 9112, 2.2).
  while (head.empty() && used < in.size() && (in[used] == '\r' || in[used] == '\n')) ++used;
  const std::size_t before = head.size();
  const std::size_t room = limits.head_bytes_max + 4 - before;
  const std::string_view taken = in.substr(used, room);
  head += taken;
  const std::size_t end = head.find("\r\n\r\n", searched);
  if (end == std::string::npos) {
    used += taken.size();
    searched = head.size() < 3 ? 0 : head.size() - 3;
    if (head.size() < limits.head_bytes_max + 4) return Step::more;
    const bool in_first_line = head.find('\n') == std::string::npos;
    refuse(in_first_line ? 414 : 431,
           fmt::format("the {} is longer than {} bytes",
                       in_first_line ? "request target" : "head of the request",
                       limits.head_bytes_max));
    return Step::refused;
  }
  used += end + 4 - before;
  head.resize(end + 4);
  if (!guard_lines() || !take_request()) return Step::refused;
  state = State::head_done;
  return Step::head;
}

// Looks at the raw lines, and writes the names of fields in lower case.
bool Http1Parser::Parts::guard_lines() {
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size() - 2) {
    if (head[at] == ' ' || head[at] == '\t')
      return refuse(400, "a header field must not go on in the next line");
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(':', at);
    for (std::size_t i = at; i < std::min(colon, end); ++i) {
      if (head[i] >= 'A' && head[i] <= 'Z') head[i] = static_cast<char>(head[i] + ('a' - 'A'));
    }
    at = end + 2;
  }
  return true;
}

bool Http1Parser::Parts::refuse(const error_code& ec) {
  if (reader->too_many_fields)
    return refuse(431, fmt::format("more than {} header fields", limits.fields_max));
  if (reader->body_too_long)
    return refuse(413, fmt::format("a body of more than {} bytes", reader->body_bytes_max));
  if (ec == http::error::bad_version)
    return refuse(400, "this HTTP version is not spoken here: use HTTP/1.1");
  return refuse(400, fmt::format("this is not a well-formed HTTP/1.1 request: {}", ec.message()));
}

bool Http1Parser::Parts::take_request() {
  fields.clear();
  reader.emplace(limits, fields, body);
  error_code ec;
  reader->put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (ec && ec != http::error::need_more) return refuse(ec);
  if (!reader->is_header_done()) return refuse(400, "the head of the request ends too early");
  request = {};
  request.method = method_of(reader->method);
  request.method_text = reader->method;
  request.minor = static_cast<unsigned>(reader->version % 10);
  request.fields = fields;
  request.keep_alive = reader->keep_alive();
  request.upgrade = reader->upgrade();
  request.expects_continue =
      request.minor >= 1 && same_name(request.field("expect"), "100-continue");
  if (reader->version != 10 && reader->version != 11)
    return refuse(400, "this HTTP version is not spoken here: use HTTP/1.1");
  return take_target() && guard_framing();
}

bool Http1Parser::Parts::take_target() {
  std::string_view target = reader->target;
  request.authority = request.field("host");
  const bool plain =
      std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain)
    return refuse(400, "the request target must be ASCII: percent-encode all other bytes");
  if (constexpr std::string_view scheme = "http://";
      same_name(target.substr(0, scheme.size()), scheme)) {  // absolute form: for proxies
    const std::size_t path = std::min(target.find_first_of("/?", scheme.size()), target.size());
    request.authority = target.substr(scheme.size(), path - scheme.size());
    target.remove_prefix(path);
    if (target.empty()) target = "/";
  }
  const bool all = target == "*" && request.method == Method::options;
  if (!all && !target.starts_with('/'))
    return refuse(400, "the request target must begin with '/'");
  if (target.find('#') != target.npos)
    return refuse(400, "a request target has no '#': percent-encode it as %23");
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  return true;
}

bool Http1Parser::Parts::guard_framing() {
  unsigned hosts = 0, codings = 0, lengths = 0;
  for (const HttpField& field : fields) {
    if (field.name == "host") ++hosts;
    if (field.name == "content-length") {
      ++lengths;
      if (field.value.find_first_not_of("0123456789") != field.value.npos)
        return refuse(400, "Content-Length must be one decimal number");
    }
    if (field.name == "transfer-encoding") {
      ++codings;
      if (!same_name(field.value, "chunked")) {
        return refuse(501, fmt::format("Transfer-Encoding must be 'chunked' alone"));
      }
    }
  }
  if (hosts > 1 || (hosts == 0 && request.minor >= 1))
    return refuse(400, "a request has exactly one Host field");
  if (codings > 1) return refuse(400, "Transfer-Encoding is given twice");
  if (lengths > 1) return refuse(400, "Content-Length is given twice");
  if (codings == 1 && lengths == 1)
    return refuse(400, "Content-Length beside Transfer-Encoding: send one of them");
  if (codings == 1 && request.minor == 0) return refuse(400, "HTTP/1.0 knows no Transfer-Encoding");
  request.chunked = codings == 1;
  if (lengths == 1) request.content_length = reader->content_length().value_or(0);
  return true;
}

Http1Parser::Step Http1Parser::Parts::read_body(std::string_view in, std::size_t& used) {
  state = State::body;
  if (request.content_length.value_or(0) > reader->body_bytes_max) {
    refuse(413, fmt::format("a body of {} bytes; at most {} are taken here",
                            *request.content_length, reader->body_bytes_max));
    return Step::refused;
  }
  if (reader->is_done()) {
    state = State::whole;
    return Step::request;
  }
  if (in.empty()) return Step::more;
  // Beast wants a chunk's head in one piece: what it could not use waits here for what follows it.
  const std::size_t waiting = rest.size();
  std::string_view bytes = in;
  if (waiting > 0) {
    rest += in;
    bytes = rest;
  }
  error_code ec;
  std::size_t eaten = 0;
  // A last chunk's line alone waits for one byte more: shown it, Beast 1.81 wants five bytes the
  // next time, and its assertion stops the process when four come.
  const bool too_few = request.chunked && bytes == "0\r\n";
  while (!too_few && eaten < bytes.size() && !reader->is_done()) {
    const std::size_t n =
        reader->put(boost::asio::const_buffer(bytes.data() + eaten, bytes.size() - eaten), ec);
    eaten += n;
    if (ec || n == 0) break;
  }
  if (ec && ec != http::error::need_more) {
    refuse(ec);
    return Step::refused;
  }
  if (reader->is_done()) {
    used =
        eaten - waiting;  // a request's end is never in what waited: it would have been whole then
    rest.clear();
    state = State::whole;
    return Step::request;
  }
  used = in.size();
  std::string left(bytes.substr(eaten));
  rest.swap(left);
  if (has_bare_line_feed(rest)) {
    refuse(400, "a line of a chunked body must end in CR LF");
    return Step::refused;
  }
  if (rest.size() > chunk_head_bytes_max) {
    refuse(400, "a chunk's head or the trailers are too long");
    return Step::refused;
  }
  return Step::more;
}

const HttpRequest& Http1Parser::request() const {
  return parts_->request;
}
void Http1Parser::limit_body(std::size_t bytes_max) {
  parts_->reader->body_bytes_max = bytes_max;
}
std::string_view Http1Parser::body() const {
  return parts_->body;
}
bool Http1Parser::began() const {
  return parts_->state != Parts::State::head || !parts_->head.empty();
}
const HttpRefusal& Http1Parser::refusal() const {
  return parts_->refusal;
}

void Http1Parser::next() {
  Parts& parts = *parts_;
  parts.state = Parts::State::head;
  parts.head.clear();
  parts.searched = 0;
  parts.fields.clear();
  parts.request = {};
  parts.reader.reset();
  if (parts.body.capacity() > kept_bytes_max) std::string().swap(parts.body);
  parts.body.clear();
  parts.body.reserve(padding_bytes);
}

}  // namespace fanfare
