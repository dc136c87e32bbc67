// broker/publish_body.cc: from the content type to the reader of that form; batches with their line
// or index.
#include "broker/publish_body.h"

#include <fmt/core.h>

#include <algorithm>

#include "broker/cloud_events.h"
#include "broker/publish_members.h"
#include "broker/publish_rules.h"
#include "broker/text_rules.h"
#include "broker/topic.h"

namespace fanfare {
namespace {

Fault parameter_fault(std::string_view name, std::string detail) {
  return {.slug = slug::bad_parameter, .detail = std::move(detail), .field = std::string(name)};
}

Fault unsupported(std::string_view content_type) {
  const bool form = is_media_type(content_type, "application/x-www-form-urlencoded");
  const std::string sent = content_type.empty() ? "there is no Content-Type"
                                                : "the Content-Type is " + quoted(content_type);
  return {.status = 415,
          .slug = slug::unsupported_type,
          .detail = fmt::format("{}{}: POST /events takes application/json or "
                                "application/x-ndjson (-H 'Content-Type: application/json'); to "
                                "send bytes as they are, POST to /topics/{{topic}}",
                                sent, form ? ", which curl sends unless told otherwise" : ""),
          .field = "Content-Type"};
}

Fault at_line(Fault fault, uint64_t line) {
  fault.line = line;
  fault.detail = fmt::format("line {}: {}", line, fault.detail);
  return fault;
}

Fault at_index(Fault fault, uint64_t index) {
  fault.index = index;
  fault.detail = fmt::format("item {} (the first is 0): {}", index, fault.detail);
  return fault;
}

Fault empty_batch() {
  return {.slug = slug::empty_batch, .detail = "there is no event in the body"};
}

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == line.npos;
}

// ?private=
Verdict<Visibility> visibility_of(const PublishRequest& request) {
  const std::string_view text = request.is_private.value_or("");
  if (text.empty() || text == "0" || text == "false") return Visibility::everyone;
  if (text == "1" || text == "true") return Visibility::only_private;
  return parameter_fault("private", fmt::format("private is {}: it is 1 or 0", quoted(text)));
}

// What the query says of a body that is one event.
std::optional<Fault> apply_query(const PublishRequest& request, PublishItem& item) {
  item.type = request.event.value_or("");
  if (auto fault = check_event_type(item.type, "event")) return fault;
  if (request.retry.value_or("").empty()) return std::nullopt;
  const auto retry = parse_retry(*request.retry, "retry");
  if (!retry) return retry.fault();
  item.retry_ms = *retry;
  return std::nullopt;
}

// What can only be said of one event of a known form is refused elsewhere, not passed over.
std::optional<Fault> check_query(const PublishRequest& request, CloudEventMode mode) {
  const bool cloud = mode != CloudEventMode::none;
  const std::string_view event = request.event.value_or("");
  const std::string_view retry = request.retry.value_or("");
  const std::string_view ce = request.ce.value_or("");
  if (cloud && !event.empty()) {
    return parameter_fault("event", "event= and a CloudEvent: its type is the event's type");
  }
  if (!cloud && !ce.empty()) {
    return parameter_fault("ce",
                           "ce= is for CloudEvents (Content-Type: "
                           "application/cloudevents+json, or ce-specversion)");
  }
  if (!ce.empty() && ce != "data") {
    return parameter_fault("ce", fmt::format("ce is {}: it is data, or absent", quoted(ce)));
  }
  if (cloud || request.path_topic) return std::nullopt;
  if (event.empty() && retry.empty()) return std::nullopt;
  return parameter_fault(event.empty() ? "retry" : "event",
                         "event= and retry= are for POST /topics/{topic}; in the body of POST "
                         "/events each item has its own \"event\" and \"retry\"");
}

}  // namespace

std::size_t PublishBatch::memory_bytes() const {
  return sizeof *this + items_.capacity() * sizeof(PublishItem) +
         lines_.capacity() * sizeof(uint64_t) + arena_.memory_bytes();
}

Fault PublishBatch::at_place(Fault fault, std::size_t i) const {
  if (shape_ == AnswerShape::one) return fault;
  return lines_.empty() ? at_index(std::move(fault), i) : at_line(std::move(fault), lines_.at(i));
}

void PublishBatch::clear() {
  items_.clear();
  lines_.clear();
  arena_.clear();
  shape_ = AnswerShape::one;
}

std::optional<Fault> PublishReader::read(const PublishRequest& request, std::string_view body,
                                         const PublishLimits& limits, PublishBatch& out) {
  out.clear();
  const auto visibility = visibility_of(request);
  if (!visibility) return visibility.fault();
  auto fault = read_by_type(request, body, limits, out);
  if (!fault && out.items_.empty()) fault = empty_batch();
  if (fault) {
    out.clear();
    return fault;
  }
  if (*visibility == Visibility::only_private) {
    for (PublishItem& item : out.items_) item.visibility = Visibility::only_private;
  }
  return std::nullopt;
}

std::optional<Fault> PublishReader::read_by_type(const PublishRequest& request,
                                                 std::string_view body, const PublishLimits& limits,
                                                 PublishBatch& out) {
  const CloudEventMode mode = cloud_event_mode(request);
  if (auto fault = check_query(request, mode)) return fault;
  if (mode == CloudEventMode::none && request.path_topic) {
    return read_raw(request, body, limits, out);
  }
  if (auto fault = check_size(body.size(), limits.batch_bytes_max, "the body")) return fault;
  if (mode != CloudEventMode::none) {
    if (mode == CloudEventMode::batch) out.shape_ = AnswerShape::batch;
    return CloudEventReader(request, limits, json_, out.arena_, out.items_).read(mode, body);
  }
  if (is_ndjson_type(request.content_type)) return read_ndjson(body, limits, out);
  if (!is_media_type(request.content_type, "application/json")) {
    return unsupported(request.content_type);
  }
  return JsonReader::looks_like_array(body) ? read_array(body, limits, out)
                                            : read_object(body, limits, out);
}

std::optional<Fault> PublishReader::read_raw(const PublishRequest& request, std::string_view body,
                                             const PublishLimits& limits, PublishBatch& out) {
  PublishItem item;
  if (auto fault = check_publish_topic(*request.path_topic)) return fault;
  if (auto fault = check_size(body.size(), limits.event_bytes_max, "the data")) return fault;
  if (auto fault = apply_query(request, item)) return fault;
  if (is_binary_type(request.content_type)) {
    item.data_kind = DataKind::binary;
  } else if (is_json_type(request.content_type)) {
    JsonValue value;
    if (!json_.read_value(body, out.arena_, value)) {
      Fault fault = json_fault(json_.fault());
      fault.detail =
          fmt::format("the body is not the JSON that its Content-Type says: {}", fault.detail);
      return fault;
    }
    item.data_kind = DataKind::json;
  } else if (auto fault = check_text_data(body, "the body")) {
    return fault;
  }
  item.data = body;
  std::string_view* const topic = out.arena_.take_views(1);
  *topic = *request.path_topic;
  item.topics = {topic, 1};
  out.items_.push_back(item);
  return std::nullopt;
}

std::optional<Fault> PublishReader::read_object(std::string_view body, const PublishLimits& limits,
                                                PublishBatch& out) {
  if (!json_.read_object(body, out.arena_)) return json_fault(json_.fault());
  return add_members(limits, out);
}

std::optional<Fault> PublishReader::read_array(std::string_view body, const PublishLimits& limits,
                                               PublishBatch& out) {
  out.shape_ = AnswerShape::batch;
  if (!json_.open_array(body)) return json_fault(json_.fault());
  JsonReader::Next next;
  while ((next = json_.next_object(out.arena_)) == JsonReader::Next::object) {
    if (auto fault = add_members(limits, out)) return at_index(*std::move(fault), json_.index());
  }
  if (next == JsonReader::Next::end) return std::nullopt;
  return at_index(json_fault(json_.fault()), json_.index());
}

std::optional<Fault> PublishReader::read_ndjson(std::string_view body, const PublishLimits& limits,
                                                PublishBatch& out) {
  out.shape_ = AnswerShape::batch;
  for (uint64_t line = 1; !body.empty(); ++line) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    if (auto fault = read_line(body.substr(0, end), limits, out)) {
      return at_line(*std::move(fault), line);
    }
    if (out.items_.size() > out.lines_.size()) out.lines_.push_back(line);
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return std::nullopt;
}

std::optional<Fault> PublishReader::read_line(std::string_view line, const PublishLimits& limits,
                                              PublishBatch& out) {
  line = without_cr(line);
  if (is_blank(line)) return std::nullopt;
  if (!json_.read_object(line, out.arena_)) return json_fault(json_.fault());
  return add_members(limits, out);
}

std::optional<Fault> PublishReader::add_members(const PublishLimits& limits, PublishBatch& out) {
  if (out.items_.size() >= limits.batch_events_max) {
    return Fault{.status = 413,
                 .slug = slug::too_large,
                 .detail = fmt::format("a batch has at most {} events: send the rest in another",
                                       limits.batch_events_max)};
  }
  PublishItem item;
  if (auto fault = read_publish_members(json_, out.arena_, names_, item)) return fault;
  if (auto fault = check_size(item.data.size(), limits.event_bytes_max, "\"data\"")) return fault;
  out.items_.push_back(item);
  return std::nullopt;
}

}  // namespace fanfare
