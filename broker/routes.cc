// broker/routes.cc: the paths, and the door that every request passes.
#include "broker/routes.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "broker/forwarded.h"
#include "broker/problem.h"
#include "broker/status.h"
#include "broker/topic.h"

namespace fanfare {
namespace {

constexpr std::string_view topics_prefix = "/topics/";
constexpr std::string_view streams_prefix = "/streams/";
constexpr std::string_view pages_prefix = "/pages/";
constexpr std::string_view problems_prefix = "/problems/";

// Methods that change something: what a page of another origin must not do.
bool is_write(Method method) {
  return method != Method::get && method != Method::head && method != Method::options;
}

// The `ce-` fields among those that a preflight asks for: extensions of CloudEvents have any name.
std::string further_attributes(std::string_view asked) {
  constexpr std::size_t asked_bytes_max = 1024;
  constexpr std::string_view prefix = "ce-";
  std::string out;
  if (asked.size() > asked_bytes_max) return out;
  while (!asked.empty()) {
    const std::size_t comma = std::min(asked.find(','), asked.size());
    std::string_view name = asked.substr(0, comma);
    asked.remove_prefix(std::min(comma + 1, asked.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    const bool plain = name.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == name.npos;
    if (plain && same_name(name.substr(0, prefix.size()), prefix)) out.append(", ").append(name);
  }
  return out;
}

std::optional<std::string_view> bearer_of(const HttpRequest& request) {
  const std::string_view value = request.field("authorization");
  if (value.size() <= 7 || !same_name(value.substr(0, 7), "bearer ")) return std::nullopt;
  return value.substr(7);
}

}  // namespace

Routes::Routes(Connections& connections, RouteHost& host, ServerState& server,
               WorkerCounters& counters, std::shared_ptr<const LiveSettings> live, Random& random)
    : connections_(connections),
      host_(host),
      server_(server),
      counters_(counters),
      live_(std::move(live)),
      answering_(connections, random),
      publish_(answering_, host, server.admission, server.epoch),
      lines_(answering_, host, publish_, server.epoch),
      subscribe_(answering_, host, server.epoch, random),
      stream_(answering_, host, publish_, server.stream_ids),
      list_(answering_, host, server.workers()),
      page_(answering_) {}

Verdict<std::size_t> Routes::on_head(Connection& connection) {
  connection.grant.reset();
  const HttpRequest& request = connection.parser->request();
  // HTTP/1.0 knows no expectations: there the field is nothing (RFC 9110, 10.1.1).
  if (const std::string_view expect = request.field("expect");
      request.minor >= 1 && !expect.empty() && !request.expects_continue) {
    return make_fault(417, "bad-header",
                      fmt::format("'Expect: {}' is not known: 100-continue is", expect));
  }
  const bool has_body = request.chunked || request.content_length.value_or(0) > 0;
  if (!has_body) return std::size_t{0};
  // Who may not publish is told before the body, which may be large, is sent.
  Exchange exchange{connection, request, *live_, {}, {}, {}};
  if (auto fault = read_grant(exchange)) return *fault;
  connection.grant = std::move(exchange.grant);
  const std::size_t most =
      PublishRoute::body_bytes_max(*live_, request, request.path.starts_with(topics_prefix));
  if (request.content_length && *request.content_length > most) {
    return make_fault(413, slug::too_large,
                      fmt::format("a body of {} bytes; at most {} are taken here",
                                  *request.content_length, most));
  }
  return most;
}

std::optional<Fault> Routes::read_grant(Exchange& exchange) const {
  const HttpRequest& request = exchange.request;
  const Door door = exchange.connection.door.door;
  if (auto fault = live_->access.refuse_host(door, request.authority)) return fault;
  if (is_write(request.method) || request.upgrade) {
    // Behind a trusted proxy the page's own host is the one that the proxy was asked for. The check
    // above stays with Host: a page that reaches a loopback broker by a name of its own may send
    // any other field.
    const std::string_view asked =
        exchange.connection.proxied ? forwarded_host(request) : std::string_view();
    if (auto fault = live_->access.refuse_origin(door, request.field("origin"),
                                                 asked.empty() ? request.authority : asked))
      return fault;
  }
  auto grant = live_->access.grant_for(door, bearer_of(request));
  // What is open to everyone there is also open to a scraper that brings a key of its own.
  if (!grant && exchange.connection.door.internal)
    grant = live_->access.grant_for(door, std::nullopt);
  if (!grant) return grant.fault();
  exchange.grant = *grant;
  return std::nullopt;
}

std::optional<Fault> Routes::admit(Exchange& exchange) const {
  const HttpRequest& request = exchange.request;
  exchange.cors = live_->access.cors_fields(exchange.connection.door.door, request.field("origin"));
  if (request.method == Method::options) {  // a preflight carries no credential
    return live_->access.refuse_host(exchange.connection.door.door, request.authority);
  }
  if (auto granted = std::exchange(exchange.connection.grant, std::nullopt)) {
    exchange.grant = *std::move(granted);
  } else if (auto fault = read_grant(exchange)) {
    return fault;
  }
  std::string bad;
  auto query = parse_query(request.query, &bad);
  if (!query) {
    return make_fault(
        400, slug::bad_parameter,
        fmt::format(
            "'{}' in the query is not percent-encoded: % must be followed by two hex digits", bad));
  }
  exchange.query = std::move(*query);
  return std::nullopt;
}

void Routes::on_request(Connection& connection) {
  counters_.requests.add(1);
  Exchange exchange{connection, connection.parser->request(), *live_, {}, {}, {}};
  if (const auto fault = admit(exchange)) {
    counters_.problems.add(1);
    answering_.refuse(exchange, *fault);
    return;
  }
  if (connection.door.internal) {
    route_internal(exchange);
  } else {
    route(exchange);
  }
}

void Routes::on_refused(Connection& connection, const Fault& fault) {
  counters_.problems.add(1);
  const std::string cors =
      connection.head_known && connection.parser
          ? live_->access.cors_fields(connection.door.door,
                                      connection.parser->request().field("origin"))
          : std::string();
  answering_.refuse(connection, cors, fault);
}

void Routes::on_lines(Connection& connection) {
  lines_.on_lines(connection, *live_);
}

void Routes::route(Exchange& exchange) {
  const std::string_view path = exchange.request.path;
  const Method method = exchange.request.method;
  const bool reads = method == Method::get || method == Method::head;
  if (method == Method::options) return options(exchange);
  if (exchange.request.upgrade && same_name(exchange.request.field("upgrade"), "websocket")) {
    return answering_.refuse(
        exchange, make_fault(501, "not-implemented",
                             "WebSocket is not served by this version: use EventSource"));
  }
  if (path.starts_with(topics_prefix))
    return route_topic(exchange, path.substr(topics_prefix.size()));
  if (path == "/events") return route_events(exchange);
  if (path.starts_with(streams_prefix))
    return stream_.run(exchange, path.substr(streams_prefix.size()));
  if (path == "/streams") {
    return answering_.refuse(
        exchange, make_fault(501, "not-implemented",
                             "sessions are not served by this version: open a stream with "
                             "GET /events?topic=NAME"));
  }
  if (!reads && (path == "/" || path == "/topics" || path.starts_with(pages_prefix) ||
                 path.starts_with(problems_prefix))) {
    return answering_.wrong_method(exchange, "GET, HEAD, OPTIONS");
  }
  if (path == "/") return page_.front(exchange);
  if (path == "/topics") return list_.list(exchange, ListQuestion::What::topics);
  if (path.starts_with(pages_prefix)) return page_.file(exchange, path.substr(pages_prefix.size()));
  if (path.starts_with(problems_prefix))
    return page_.problem(exchange, path.substr(problems_prefix.size()));
  page_.not_found(exchange);
}

void Routes::route_topic(Exchange& exchange, std::string_view raw) {
  if (const auto fault = check_topic_path(raw)) return answering_.refuse(exchange, *fault);
  const auto topic = percent_decode(raw);
  if (!topic) {
    return answering_.refuse(
        exchange, make_fault(400, slug::bad_topic,
                             fmt::format("'{}' is not percent-encoded: % must be followed "
                                         "by two hex digits",
                                         raw)));
  }
  switch (exchange.request.method) {
    case Method::get:
    case Method::head:
      return subscribe(exchange, *topic);
    case Method::post:
    case Method::put:
      return publish(exchange, *topic);
    default:
      return answering_.wrong_method(exchange, "GET, HEAD, POST, PUT, OPTIONS");
  }
}

void Routes::route_events(Exchange& exchange) {
  switch (exchange.request.method) {
    case Method::get:
    case Method::head:
      return subscribe(exchange, std::nullopt);
    case Method::post:
      return publish(exchange, std::nullopt);
    default:
      return answering_.wrong_method(exchange, "GET, HEAD, POST, OPTIONS");
  }
}

void Routes::subscribe(Exchange& exchange, std::optional<std::string_view> topic) {
  const bool pages = topic.has_value() && live_->settings.pages_on();
  const auto form = SubscribeRoute::form_of(
      exchange.request, pages ? SubscribeRoute::Page::offered : SubscribeRoute::Page::none);
  if (!form) {
    return answering_.refuse(
        exchange, make_fault(406, "not-acceptable",
                             "Accept names no format that can be given: text/event-stream, "
                             "application/x-ndjson or application/vnd.fanfare.frames"));
  }
  if (*form == SubscribeRoute::Form::page) return page_.topic(exchange);
  subscribe_.subscribe(exchange, topic, *form);
}

void Routes::publish(Exchange& exchange, std::optional<std::string_view> topic) {
  publish_.publish(exchange, topic);
}

void Routes::options(Exchange& exchange) {
  std::string fields = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n";
  if (!exchange.cors.empty()) {
    fields += fmt::format(
        "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n"
        "Access-Control-Allow-Headers: Authorization, Content-Type, Last-Event-ID, Cache-Control, "
        "Idempotency-Key, traceparent, ce-id, ce-source, ce-specversion, ce-type, ce-subject, "
        "ce-time, ce-dataschema, ce-fanfaretopic{}\r\n"
        "Access-Control-Max-Age: 7200\r\n"
        "Vary: Origin, Access-Control-Request-Headers\r\n",
        further_attributes(exchange.request.field("access-control-request-headers")));
  }
  answering_.answer(exchange, 204, {}, {}, fields);
}

void Routes::route_internal(Exchange& exchange) {
  const std::string_view path = exchange.request.path;
  if (exchange.request.method != Method::get && exchange.request.method != Method::head) {
    return answering_.wrong_method(exchange, "GET, HEAD");
  }
  if (path.starts_with(problems_prefix))
    return page_.problem(exchange, path.substr(problems_prefix.size()));
  const auto health = [&](bool good, std::string_view yes, std::string_view no) {
    answering_.answer(exchange, good ? 200 : 503, "text/plain; charset=utf-8", good ? yes : no,
                      "Cache-Control: no-store\r\n");
  };
  if (path == "/livez")
    return health(is_live(server_, host_.now()), "live\n", "a worker does not turn\n");
  if (path == "/readyz")
    return health(server_.accepting.load(), "ready\n", "not ready: starting or draining\n");
  if (path == "/metrics") {
    return answering_.answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8",
                             metrics_text(server_, host_.now()));
  }
  const bool known = path == "/statz" || path == "/streamz";
  const bool open = exchange.connection.door.door != Door::network || exchange.grant.known;
  if (known && !open) {
    return answering_.refuse(
        exchange,
        make_fault(401, "unauthorized", "this needs a key: send Authorization: Bearer SECRET"));
  }
  if (path == "/statz") return answering_.json(exchange, 200, statz_json(server_, host_.now()));
  if (path == "/streamz") return list_.list(exchange, ListQuestion::What::streams);
  answering_.refuse(
      exchange,
      make_fault(404, "not-found",
                 "this is the internal listener: /livez, /readyz, /metrics, /statz, /streamz"));
}

void Routes::on_outcome(RequestRef to, const PublishResult& result) {
  Connection* const connection = connections_.find(to);
  if (connection == nullptr) return;  // published all the same
  if (connection->pending.shape == PendingAnswer::Shape::lines) {
    counters_.requests.add(1);
    lines_.on_outcome(*connection, result);
  } else {
    publish_.on_outcome(*connection, result);
  }
}

void Routes::on_answer(const RequestAnswer& answer) {
  if (Connection* const connection = connections_.find(answer.to))
    stream_.on_answer(*connection, answer);
}

}  // namespace fanfare
