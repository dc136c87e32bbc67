// bench/suite/dialect.cc: lines, Redis and NATS; and which dialect an address means.
#include "bench/suite/dialect.h"

#include "bench/suite/http_dialect.h"

namespace fanfare::bench {
namespace {

// The Unix socket that takes a JSON object a line and answers each by a line.
class LinePublish final : public PublishDialect {
 public:
  LinePublish(const Manner& manner, const UrlTemplate& url)
      : PublishDialect(url.to), line_(manner.line) {}

  void append(std::string& out, const Publication& p) const override {
    append_expanded(out, line_, {p.topic, p.i, p.data});
    out += '\n';
  }
  Answer read_answer(std::string_view received) const override {
    const auto end = received.find('\n');
    if (end == received.npos) return {};
    return {end + 1, received.starts_with("{\"id\""), false};
  }
  uint32_t window() const override { return 256; }

 private:
  const std::string line_;
};

std::string redis_words(std::initializer_list<std::string_view> words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    out.append("$").append(std::to_string(word.size())).append("\r\n");
    out.append(word).append("\r\n");
  }
  return out;
}

class RedisSubscribe final : public SubscribeDialect {
 public:
  explicit RedisSubscribe(const UrlTemplate& url) : SubscribeDialect(url.to) {}
  std::string request(const Subscription& s) const override {
    return redis_words({"SUBSCRIBE", s.topic});
  }
  // "*3\r\n$9\r\nsubscribe\r\n$5\r\ntopic\r\n:1\r\n"
  Opening read_opening(std::string_view received) const override {
    Opening opening;
    if (received.starts_with("-")) {
      opening.state = Opening::State::refused;
      opening.why = received.substr(1, received.find("\r\n") - 1);
    }
    const auto count = received.find("\r\n:");
    const auto end = count == received.npos ? count : received.find("\r\n", count + 3);
    if (end == received.npos) return opening;
    opening.state = Opening::State::open;
    opening.used = end + 2;
    return opening;
  }
};

class RedisPublish final : public PublishDialect {
 public:
  explicit RedisPublish(const UrlTemplate& url) : PublishDialect(url.to) {}
  void append(std::string& out, const Publication& p) const override {
    out += redis_words({"PUBLISH", p.topic, p.data});
  }
  Answer read_answer(std::string_view received) const override {
    const auto end = received.find("\r\n");
    if (end == received.npos) return {};
    return {end + 2, received.starts_with(":"), false};
  }
};

constexpr std::string_view nats_connect =
    "CONNECT {\"verbose\":true,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\"}\r\n";

class NatsSubscribe final : public SubscribeDialect {
 public:
  explicit NatsSubscribe(const UrlTemplate& url) : SubscribeDialect(url.to) {}
  std::string request(const Subscription& s) const override {
    return std::string(nats_connect) + "SUB " + std::string(s.topic) + " 1\r\n";
  }
  // "INFO {...}\r\n", then "+OK\r\n" for each of the two.
  Opening read_opening(std::string_view received) const override {
    Opening opening;
    if (const auto error = received.find("-ERR"); error != received.npos) {
      opening.state = Opening::State::refused;
      opening.why = received.substr(error, received.find("\r\n", error) - error);
      return opening;
    }
    const auto first = received.find("+OK\r\n");
    const auto second = first == received.npos ? first : received.find("+OK\r\n", first + 5);
    if (second == received.npos) return opening;
    opening.state = Opening::State::open;
    opening.used = second + 5;
    return opening;
  }
};

class NatsPublish final : public PublishDialect {
 public:
  explicit NatsPublish(const UrlTemplate& url) : PublishDialect(url.to) {}
  std::string greeting() const override { return std::string(nats_connect); }
  void append(std::string& out, const Publication& p) const override {
    out.append("PUB ").append(p.topic).append(" ").append(std::to_string(p.data.size()));
    out.append("\r\n").append(p.data).append("\r\n");
  }
  // What is no answer to a PUB (INFO, PING) is passed over with the answer behind it.
  Answer read_answer(std::string_view received) const override {
    std::size_t at = 0;
    while (true) {
      const auto end = received.find("\r\n", at);
      if (end == received.npos) return {};
      const std::string_view line = received.substr(at, end - at);
      at = end + 2;
      if (line.starts_with("+OK")) return {at, true, false};
      if (line.starts_with("-ERR")) return {at, false, false};
    }
  }
};

}  // namespace

std::string why_ended(std::string_view last_bytes) {
  std::string why = "ended by the server";
  constexpr std::string_view event = "event: fanfare.close\n", reason = "\"reason\":\"";
  const std::size_t said = last_bytes.rfind(event);
  if (said == last_bytes.npos) return why;
  const std::size_t at = last_bytes.find(reason, said);
  if (at == last_bytes.npos) return why;
  const std::string_view word = last_bytes.substr(at + reason.size());
  return why.append(": ").append(word.substr(0, word.find('"')));
}

Result<std::unique_ptr<SubscribeDialect>> make_subscribe_dialect(const Manner& manner) {
  using Made = std::unique_ptr<SubscribeDialect>;
  const auto url = parse_url_template(manner.subscribe);
  if (!url) return Error{"subscribing: " + url.error()};
  if (url->scheme == Scheme::redis) return Made(std::make_unique<RedisSubscribe>(*url));
  if (url->scheme == Scheme::nats) return Made(std::make_unique<NatsSubscribe>(*url));
  if (url->scheme == Scheme::unix_socket) return Error{"streams are not read over a Unix socket"};
  return make_http_subscribe(manner, *url);
}

Result<std::unique_ptr<PublishDialect>> make_publish_dialect(const Manner& manner) {
  using Made = std::unique_ptr<PublishDialect>;
  const auto url = parse_url_template(manner.publish);
  if (!url) return Error{"publishing: " + url.error()};
  if (url->scheme == Scheme::redis) return Made(std::make_unique<RedisPublish>(*url));
  if (url->scheme == Scheme::nats) return Made(std::make_unique<NatsPublish>(*url));
  if (url->scheme == Scheme::websocket) return Error{"events are not published by WebSocket here"};
  if (url->scheme == Scheme::unix_socket) {
    if (manner.line.empty()) return Error{"preset " + manner.name + " publishes by HTTP only"};
    return Made(std::make_unique<LinePublish>(manner, *url));
  }
  return make_http_publish(manner, *url);
}

}  // namespace fanfare::bench
