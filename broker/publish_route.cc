// broker/publish_route.cc: reading, checking, encoding and answering publishes.
#include "broker/publish_route.h"

#include <algorithm>

#include <fmt/core.h>

#include "broker/problem.h"
#include "broker/text_rules.h"

namespace fanfare {
namespace {

uint64_t mix(uint64_t a, uint64_t b) {
  a ^= b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2);
  return a * 0xff51afd7ed558ccdu;
}
uint64_t hash_of(std::string_view text) {
  return static_cast<uint64_t>(topic_hash(text));
}

constexpr std::string_view query_known = "event, retry, ce, ack and private";

std::optional<Fault> check_item(const Grant& grant, const LiveSettings& live,
                                const PublishItem& item) {
  for (const std::string_view topic : item.topics) {
    if (auto fault = grant.refuse_publish(topic)) return fault;
    const std::size_t most =
        live.policies.policy_of(topic).event_bytes_max.value_or(live.settings.event_bytes_max);
    if (item.data.size() > most) {
      return make_fault(413, slug::too_large,
                        fmt::format("the data has {} bytes; at most {} are allowed for {}",
                                    item.data.size(), most, quoted(topic)));
    }
  }
  if (item.end || item.visibility != Visibility::everyone) {
    Fault fault = make_fault(400, slug::bad_member,
                             item.end ? "'end' is not in this version: leave it out"
                                      : "'private' is not in this version: it needs tokens");
    fault.field = item.end ? "end" : "private";
    return fault;
  }
  return {};
}

Fault parameter_fault(std::string_view name, std::string detail) {
  Fault fault = make_fault(400, slug::bad_parameter, std::move(detail));
  fault.field = field_name(name);
  return fault;
}

Fault unknown_parameter(std::string_view name) {
  const bool of_items = name == "event" || name == "retry" || name == "topic";
  return parameter_fault(
      name, of_items
                ? fmt::format("'{}' belongs into the JSON object when you publish to /events", name)
                : fmt::format("unknown query parameter {}: the known ones are {}; names that begin "
                              "with _ are passed over",
                              quoted(name), query_known));
}

// Fills in what the query says; a fault for what it may not say.
std::optional<Fault> read_query(const Exchange& exchange, bool has_topic, PublishRequest& request) {
  for (const QueryParameter& p : exchange.query) {
    if (p.name.starts_with('_')) continue;
    const auto same = [&](const QueryParameter& other) { return other.name == p.name; };
    if (std::ranges::count_if(exchange.query, same) > 1)
      return parameter_fault(p.name, fmt::format("{} is given twice", quoted(p.name)));
    if (p.name == "ce") {
      request.ce = p.value;
    } else if (p.name == "private") {
      request.is_private = p.value;
    } else if (p.name == "ack") {
      if (p.value == "memory" || p.value.empty()) continue;
      return parameter_fault("ack",
                             fmt::format("ack is {}: only ack=memory, the default, is available "
                                         "in this version; it keeps events in memory",
                                         quoted(p.value, 40)));
    } else if (p.name == "event" && has_topic) {
      request.event = p.value;
    } else if (p.name == "retry" && has_topic) {
      request.retry = p.value;
    } else {
      return unknown_parameter(p.name);
    }
  }
  return {};
}

}  // namespace

Admission::Limits PublishRoute::admission_limits(const Settings& settings) {
  return {settings.streams_max, settings.streams_per_client_max, settings.new_streams_per_second,
          settings.publish_rate};
}

std::size_t PublishRoute::body_bytes_max(const LiveSettings& live, const HttpRequest& request,
                                         bool has_topic) {
  const PublishLimits& limits = live.publish_limits;
  const bool cloud_event =
      request.field("content-type").find("cloudevents") != std::string_view::npos;
  return has_topic && !cloud_event ? limits.event_bytes_max
                                   : std::max(limits.batch_bytes_max, limits.event_bytes_max);
}

uint64_t PublishRoute::publisher_of(const Grant& grant, const Connection& connection) {
  return grant.publisher != 0 ? grant.publisher : mix(connection.client, 1);
}

PublishKey PublishRoute::item_key(uint64_t publisher, const PublishItem& item) {
  if (item.key.empty()) return {};
  const uint64_t scope = mix(mix(publisher, hash_of(item.topic())), hash_of(item.key));
  return {scope | 1, mix(hash_of(item.data), hash_of(item.type))};
}

EventRef PublishRoute::encode(const PublishItem& item) {
  return Event::make({item.topics, item.type, item.data, item.data_kind, item.retry_ms});
}

std::optional<Fault> PublishRoute::check_items(const Grant& grant, const LiveSettings& live,
                                               const PublishBatch& batch) {
  const std::span<const PublishItem> items = batch.items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (auto fault = check_item(grant, live, items[i])) return batch.at_place(*std::move(fault), i);
  }
  return {};
}

std::optional<Fault> PublishRoute::read(Exchange& exchange,
                                        std::optional<std::string_view> path_topic) {
  PublishRequest request;
  request.path_topic = path_topic;
  request.content_type = exchange.request.field("content-type");
  const std::string_view coding = exchange.request.field("content-encoding");
  if (!coding.empty() && !same_name(coding, "identity")) {
    Fault fault = make_fault(
        415, slug::unsupported_type,
        fmt::format("Content-Encoding is {}: send the body as it is", quoted(coding, 40)));
    fault.field = "Content-Encoding";
    return fault;
  }
  if (auto fault = read_query(exchange, path_topic.has_value(), request)) return fault;
  std::vector<PublishHeader> cloud;
  for (const HttpField& field : exchange.request.fields) {
    if (field.name.starts_with("ce-")) cloud.push_back({field.name, field.value});
  }
  request.headers = cloud;
  const std::string_view body = exchange.connection.parser->body();
  if (auto fault = reader_.read(request, body, exchange.live.publish_limits, batch_)) return fault;
  return check_items(exchange.grant, exchange.live, batch_);
}

std::optional<Fault> PublishRoute::read_request_key(Exchange& exchange,
                                                    std::optional<std::string_view> path_topic,
                                                    uint64_t publisher, Publication& publication) {
  const std::string_view header = exchange.request.field("idempotency-key");
  if (header.empty()) return {};
  const auto key = parse_idempotency_key(header);
  if (!key) return key.fault();
  // By its name, however the path spells it. A topic is never empty.
  const uint64_t target = hash_of(path_topic.value_or(""));
  publication.request_key.scope_and_key = mix(mix(publisher, target), mix(hash_of(*key), 7)) | 1;
  publication.request_key.body =
      mix(mix(hash_of(exchange.connection.parser->body()), hash_of(exchange.request.query)),
          hash_of(exchange.request.field("content-type")));
  return {};
}

std::optional<Fault> PublishRoute::refuse_rate(const Exchange& exchange, std::size_t events) {
  const Settings& settings = exchange.live.settings;
  const uint64_t publisher = publisher_of(exchange.grant, exchange.connection);
  if (admission_.admit_publish(admission_limits(settings), publisher, static_cast<uint32_t>(events),
                               host_.now())) {
    return {};
  }
  return make_fault(
      429, "too-many-requests",
      fmt::format("more than --publish-rate {} events a second", settings.publish_rate));
}

void PublishRoute::publish(Exchange& exchange, std::optional<std::string_view> path_topic) {
  if (const auto fault = read(exchange, path_topic)) {
    answering_.refuse(exchange, *fault);
    return;
  }
  const std::span<const PublishItem> items = batch_.items();
  const uint64_t publisher = publisher_of(exchange.grant, exchange.connection);
  Publication publication;
  if (const auto fault = read_request_key(exchange, path_topic, publisher, publication)) {
    answering_.refuse(exchange, *fault);
    return;
  }
  if (const auto fault = refuse_rate(exchange, items.size())) {
    answering_.refuse(exchange, *fault);
    return;
  }
  publication.events.reserve(items.size());
  const bool keyed =
      std::any_of(items.begin(), items.end(), [](const PublishItem& i) { return !i.key.empty(); });
  for (const PublishItem& item : items) {
    publication.events.push_back(encode(item));
    if (keyed) publication.keys.push_back(item_key(publisher, item));
  }
  using Shape = PendingAnswer::Shape;
  const Shape shape = batch_.shape() == AnswerShape::one ? Shape::one : Shape::batch;
  const RequestRef ref =
      answering_.connections().park(exchange.connection, shape, std::move(exchange.cors));
  host_.publish(ref, publisher, std::move(publication));
}

Fault PublishRoute::fault_of(PublishResult::Kind kind) {
  using Kind = PublishResult::Kind;
  switch (kind) {
    case Kind::congested:
      return make_fault(
          503, "readers-behind",
          "the readers of this topic could not be reached within --publish-wait: try again");
    case Kind::bus_full:
      return make_fault(503, "bus-full",
                        "there was no room on the bus within --publish-wait: try again");
    case Kind::key_conflict:
      return make_fault(
          422, "key-conflict",
          "this Idempotency-Key was used for another body: use a new key for a new event");
    case Kind::key_in_progress:
      return make_fault(409, "key-in-progress", "a publish with this Idempotency-Key is under way");
    case Kind::draining:
      return make_fault(503, "draining", "the broker is shutting down");
    case Kind::published:
      break;
  }
  return make_fault(500, "bad-request", "unknown outcome");
}

void PublishRoute::append_id_line(std::string& out, EventId id) {
  out += R"({"id":")";
  append_event_id(out, id);
  out += "\"}\n";
}

void PublishRoute::on_outcome(Connection& connection, const PublishResult& result) {
  Connections& connections = answering_.connections();
  const PendingAnswer& pending = connection.pending;
  if (result.kind != PublishResult::Kind::published) {
    answering_.refuse(connection, pending.fields, fault_of(result.kind));
  } else {
    answer_.clear();
    if (pending.shape == PendingAnswer::Shape::one) {
      append_id_line(answer_, {epoch_, result.last});
    } else {
      answer_ =
          fmt::format("{{\"count\":{},\"first\":\"{}\",\"last\":\"{}\"}}\n", result.count,
                      EventId{epoch_, result.first}.text(), EventId{epoch_, result.last}.text());
    }
    std::string fields = pending.fields;
    if (result.replayed) fields += "Idempotency-Replayed: true\r\n";
    HttpAnswer answer;
    answer.content_type = "application/json";
    answer.fields = fields;
    answer.body = answer_;
    connections.answer(connection, answer);
  }
  connections.resume(connection);
}

}  // namespace fanfare
