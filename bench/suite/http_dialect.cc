// bench/suite/http_dialect.cc: requests written and answers read, as much HTTP/1.1 as servers here
// need.
#include "bench/suite/http_dialect.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace fanfare::bench {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

// The value of a field, whatever the case of its name; empty: it is not there.
std::string_view field(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    const bool same = std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) ==
             std::tolower(static_cast<unsigned char>(b));
    });
    if (!same) continue;
    std::string_view value = line.substr(name.size() + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return {};
}

int status_of(std::string_view head) {
  int status = 0;
  if (head.size() >= 12 && head.starts_with("HTTP/1.")) {
    std::from_chars(head.data() + 9, head.data() + 12, status);
  }
  return status;
}

std::string header_lines(const std::vector<std::string>& common,
                         const std::vector<std::string>& own) {
  std::string lines;
  for (const auto* list : {&common, &own}) {
    for (const std::string& line : *list) lines.append(line).append("\r\n");
  }
  return lines;
}

std::string with_query(std::string path, const std::string& query) {
  if (query.empty()) return path;
  return path + (path.find('?') == std::string::npos ? "?" : "&") + query;
}

class HttpSubscribe final : public SubscribeDialect {
 public:
  HttpSubscribe(const Manner& manner, const UrlTemplate& url)
      : SubscribeDialect(url.to),
        path_(url.path),
        path_from_start_(with_query(url.path, manner.from_start)),
        hello_(manner.hello),
        is_websocket_(url.scheme == Scheme::websocket),
        fields_("Host: " + url.host + "\r\n" +
                header_lines(manner.headers, manner.subscribe_headers)) {}

  std::string request(const Subscription& subscription) const override {
    std::string out = "GET ";
    append_expanded(out, subscription.from_start ? path_from_start_ : path_,
                    {subscription.topic, subscription.i, {}});
    out.append(" HTTP/1.1\r\n").append(fields_);
    if (is_websocket_) {
      out +=
          "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: ZmFuZmFyZSBiZW5jaCAwMQ==\r\n";
    } else {
      out += "Accept: text/event-stream\r\n";
    }
    if (!subscription.last_event_id.empty()) {
      out.append("Last-Event-ID: ").append(subscription.last_event_id).append("\r\n");
    }
    return out += "\r\n";
  }

  Opening read_opening(std::string_view received) const override {
    Opening opening;
    const auto end = received.find(end_of_head);
    if (end == received.npos) return opening;
    const std::string_view head = received.substr(0, end + 2);
    if (status_of(head) != (is_websocket_ ? 101 : 200)) {
      opening.state = Opening::State::refused;
      opening.why = head.substr(0, head.find("\r\n"));
      return opening;
    }
    opening.state = Opening::State::open;
    opening.used = end + end_of_head.size();
    opening.framing = is_websocket_                                             ? Framing::websocket
                      : field(head, "Transfer-Encoding").starts_with("chunked") ? Framing::chunked
                                                                                : Framing::raw;
    return opening;
  }

  std::string after_opening(const Subscription& subscription) const override {
    if (hello_.empty() || !is_websocket_) return {};
    return websocket_frame(1, expand(hello_, {subscription.topic, subscription.i, {}}));
  }

 private:
  const std::string path_, path_from_start_, hello_;
  const bool is_websocket_;
  const std::string fields_;
};

class HttpPublish final : public PublishDialect {
 public:
  HttpPublish(const Manner& manner, const UrlTemplate& url)
      : PublishDialect(url.to),
        path_(url.path),
        body_(manner.body),
        batch_path_(manner.batch_path),
        line_(manner.line),
        host_("Host: " + url.host + "\r\n" + header_lines(manner.headers, manner.publish_headers)),
        type_("Content-Type: " + manner.content_type + "\r\n") {}

  void append(std::string& out, const Publication& p) const override {
    const TemplateValues values{p.topic, p.i, p.data};
    out += "POST ";
    append_expanded(out, path_, values);
    out.append(" HTTP/1.1\r\n").append(host_).append(type_);
    if (body_ == "{data}") return append_body(out, p.data);
    append_body(out, expand(body_, values));
  }

  bool append_batch(std::string& out, std::string_view topic,
                    const std::vector<std::string>& datas) const override {
    if (batch_path_.empty()) return false;
    std::string body;
    for (const std::string& data : datas) {
      append_expanded(body, line_, {topic, 0, data});
      body += '\n';
    }
    out.append("POST ").append(batch_path_).append(" HTTP/1.1\r\n").append(host_);
    out += "Content-Type: application/x-ndjson\r\n";
    append_body(out, body);
    return true;
  }

  Answer read_answer(std::string_view received) const override {
    return read_http_answer(received);
  }

 private:
  static void append_body(std::string& out, std::string_view body) {
    out.append("Content-Length: ").append(std::to_string(body.size())).append(end_of_head);
    out += body;
  }

  const std::string path_, body_, batch_path_, line_, host_, type_;
};

// Bytes of a chunked body from its first size to its last line end; 0: not whole.
std::size_t chunked_body_bytes(std::string_view body) {
  std::size_t at = 0;
  while (true) {
    const auto line_end = body.find("\r\n", at);
    if (line_end == body.npos) return 0;
    std::size_t size = 0;
    std::from_chars(body.data() + at, body.data() + line_end, size, 16);
    at = line_end + 2 + size + 2;
    if (at > body.size()) return 0;
    if (size == 0) return at;
  }
}

}  // namespace

Answer read_http_answer(std::string_view received) {
  const auto end = received.find(end_of_head);
  if (end == received.npos) return {};
  const std::string_view head = received.substr(0, end + 2);
  std::size_t body_bytes = 0;
  if (field(head, "Transfer-Encoding").starts_with("chunked")) {
    body_bytes = chunked_body_bytes(received.substr(end + end_of_head.size()));
    if (body_bytes == 0) return {};
  } else if (const std::string_view length = field(head, "Content-Length"); !length.empty()) {
    std::from_chars(length.data(), length.data() + length.size(), body_bytes);
  }
  const std::size_t used = end + end_of_head.size() + body_bytes;
  if (received.size() < used) return {};
  const int status = status_of(head);
  return {used, status >= 200 && status < 300, field(head, "Connection").starts_with("close")};
}

std::unique_ptr<SubscribeDialect> make_http_subscribe(const Manner& manner,
                                                      const UrlTemplate& url) {
  return std::make_unique<HttpSubscribe>(manner, url);
}

std::unique_ptr<PublishDialect> make_http_publish(const Manner& manner, const UrlTemplate& url) {
  return std::make_unique<HttpPublish>(manner, url);
}

}  // namespace fanfare::bench
