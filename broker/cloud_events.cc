// broker/cloud_events.cc: attributes from JSON members or ce- headers, then the same item.
// Source: https://github.com/cloudevents/spec/tree/v1.0.2 (spec.md, formats/json-format.md,
// bindings/http-protocol-binding.md)
#include "broker/cloud_events.h"

#include <fmt/core.h>

#include <algorithm>

#include "broker/publish_body.h"
#include "broker/publish_rules.h"
#include "broker/text_rules.h"
#include "broker/topic.h"
#include "core/bytes.h"
#include "net/base64.h"
#include "net/base64_decode.h"
#include "net/json_escape.h"

namespace fanfare {
namespace {

constexpr std::string_view header_prefix = "ce-";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool begins_like(std::string_view text, std::string_view prefix) {
  return std::ranges::equal(text.substr(0, prefix.size()), prefix, {}, lower);
}

bool is_attribute_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

Fault attribute_fault(std::string_view name, std::string_view what) {
  return member_fault(field_name(name), fmt::format("the CloudEvent's {} {}", quoted(name), what));
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// Header values are percent-encoded UTF-8 (HTTP binding, 3.1.3.2).
std::string percent_decoded(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool escape = value[i] == '%' && i + 2 < value.size() && hex_value(value[i + 1]) >= 0 &&
                        hex_value(value[i + 2]) >= 0;
    if (!escape) {
      out += value[i];
      continue;
    }
    out += static_cast<char>(hex_value(value[i + 1]) * 16 + hex_value(value[i + 2]));
    i += 2;
  }
  return out;
}

bool is_header_of(const PublishHeader& header, std::string_view attribute) {
  return header.name.starts_with(header_prefix) &&
         header.name.substr(header_prefix.size()) == attribute;
}

Fault in_batch(Fault fault, uint64_t index) {
  fault.index = index;
  fault.detail = fmt::format("item {} (the first is 0): {}", index, fault.detail);
  return fault;
}

}  // namespace

CloudEventMode cloud_event_mode(const PublishRequest& request) {
  if (begins_like(request.content_type, "application/cloudevents-batch")) {
    return CloudEventMode::batch;
  }
  if (begins_like(request.content_type, "application/cloudevents")) {
    return CloudEventMode::structured;
  }
  const auto has_version = [](const PublishHeader& h) { return h.name == "ce-specversion"; };
  return std::ranges::any_of(request.headers, has_version) ? CloudEventMode::binary
                                                           : CloudEventMode::none;
}

std::string_view* CloudEventReader::Attributes::named(std::string_view name) {
  if (name == "specversion") return &specversion;
  if (name == "id") return &id;
  if (name == "source") return &source;
  if (name == "type") return &type;
  if (name == "subject") return &subject;
  if (name == "fanfaretopic") return &topic;
  if (name == "datacontenttype") return &content_type;
  return nullptr;
}

bool CloudEventReader::only_data() const {
  return request_.ce.value_or("") == "data";
}

std::optional<Fault> CloudEventReader::read(CloudEventMode mode, std::string_view body) {
  if (mode == CloudEventMode::binary) return read_binary(body);
  const std::string_view type = media_type(request_.content_type);
  if (type.find('+') != type.npos && !is_json_type(type)) {
    return Fault{.status = 415,
                 .slug = slug::unsupported_type,
                 .detail = fmt::format("{}: of CloudEvents, JSON is understood "
                                       "(application/cloudevents+json) and binary mode",
                                       quoted(type)),
                 .field = "Content-Type"};
  }
  return mode == CloudEventMode::batch ? read_batch(body) : read_structured(body);
}

std::optional<Fault> CloudEventReader::read_structured(std::string_view body) {
  if (!json_.read_object(body, arena_)) return json_fault(json_.fault());
  return add_object();
}

std::optional<Fault> CloudEventReader::read_batch(std::string_view body) {
  if (!json_.open_array(body)) return json_fault(json_.fault());
  JsonReader::Next next;
  while ((next = json_.next_object(arena_)) == JsonReader::Next::object) {
    if (auto fault = add_object()) return in_batch(*std::move(fault), json_.index());
  }
  if (next == JsonReader::Next::end) return std::nullopt;
  return in_batch(json_fault(json_.fault()), json_.index());
}

std::optional<Fault> CloudEventReader::take_attribute(const JsonMember& member,
                                                      Attributes& attributes) {
  const JsonValue& value = member.value;
  if (!is_attribute_name(member.name)) {
    return attribute_fault(member.name, "is no attribute: names are of a-z and 0-9");
  }
  if (value.kind == JsonKind::null) return std::nullopt;  // the JSON format: as if it were absent
  std::string_view* const known = attributes.named(member.name);
  if (known != nullptr) {
    if (value.kind != JsonKind::string) return attribute_fault(member.name, "is not a string");
    *known = value.string;
    return std::nullopt;
  }
  if (value.kind == JsonKind::object || value.kind == JsonKind::array) {
    return attribute_fault(member.name,
                           "is an object or a list: attributes are strings, numbers and booleans");
  }
  return std::nullopt;
}

std::optional<Fault> CloudEventReader::add_object() {
  Attributes attributes;
  const JsonMember* data = nullptr;
  const JsonMember* base64 = nullptr;
  for (const JsonMember& member : json_.members()) {
    if (member.name == "data") {
      data = &member;
    } else if (member.name == "data_base64") {
      base64 = &member;
    } else if (auto fault = take_attribute(member, attributes)) {
      return fault;
    }
  }
  PublishItem item;
  if (auto fault = check_attributes(attributes)) return fault;
  if (auto fault = name_item(attributes, item)) return fault;
  if (auto fault = take_data(data, base64, item)) return fault;
  return add(item);
}

// The item's data: the data alone, or the whole object.
std::optional<Fault> CloudEventReader::take_data(const JsonMember* data, const JsonMember* base64,
                                                 PublishItem& item) {
  if (data != nullptr && base64 != nullptr) {
    return attribute_fault("data_base64", "stands beside data: one of the two");
  }
  if (!only_data()) {
    item.data = json_.object_text(arena_);
    item.data_kind = DataKind::json;
  } else if (data != nullptr && data->value.kind == JsonKind::string) {
    item.data = data->value.string;
    if (auto fault = check_text_data(item.data, "the CloudEvent's data")) return fault;
  } else if (data != nullptr) {
    item.data = data->value.text;
    item.data_kind = DataKind::json;
  }
  if (base64 == nullptr) return std::nullopt;
  if (base64->value.kind != JsonKind::string) return attribute_fault("data_base64", "is no string");
  const std::string_view coded = base64->value.string;
  char* const bytes = arena_.take(base64_decoded_max(coded));
  const auto size = decode_base64(coded, bytes);
  if (!size) return attribute_fault("data_base64", "is not base64 (RFC 4648, padded)");
  if (!only_data()) return std::nullopt;
  item.data = {bytes, *size};
  item.data_kind = DataKind::binary;
  return std::nullopt;
}

std::optional<Fault> CloudEventReader::check_attributes(const Attributes& attributes) {
  if (attributes.specversion != "1.0") {
    return attributes.specversion.empty()
               ? attribute_fault("specversion", "is missing: it is \"1.0\"")
               : attribute_fault("specversion", "is not \"1.0\", the version understood here");
  }
  if (attributes.id.empty()) return attribute_fault("id", "is missing or empty");
  if (attributes.source.empty()) return attribute_fault("source", "is missing or empty");
  if (attributes.type.empty()) return attribute_fault("type", "is missing or empty");
  if (attributes.id.size() + attributes.source.size() > key_parts_bytes_max) {
    return attribute_fault("source", "and id have more than 2048 bytes");
  }
  return std::nullopt;
}

std::optional<Fault> CloudEventReader::name_item(const Attributes& attributes, PublishItem& item) {
  std::string_view topic = attributes.source;
  std::string_view from = "source";
  if (request_.path_topic) {
    topic = *request_.path_topic;
    from = "topic";
  } else if (!attributes.topic.empty()) {
    topic = attributes.topic;
    from = "fanfaretopic";
  } else if (!attributes.subject.empty()) {
    topic = attributes.subject;
    from = "subject";
  }
  if (auto fault = check_publish_topic(topic)) {
    fault->field = from;
    if (from != "topic") fault->detail += fmt::format(" (taken from the CloudEvent's {})", from);
    return fault;
  }
  std::string_view* const topics = arena_.take_views(1);
  *topics = arena_.keep(topic);
  item.topics = {topics, 1};
  item.type = arena_.keep(attributes.type);
  if (auto fault = check_event_type(item.type, "type")) return fault;
  item.key = arena_.keep(fmt::format("ce\n{}\n{}", attributes.source, attributes.id));
  if (request_.retry.value_or("").empty()) return std::nullopt;
  const auto retry = parse_retry(*request_.retry, "retry");
  if (!retry) return retry.fault();
  item.retry_ms = *retry;
  return std::nullopt;
}

std::optional<Fault> CloudEventReader::add(const PublishItem& item) {
  if (items_.size() >= limits_.batch_events_max) {
    return Fault{.status = 413,
                 .slug = slug::too_large,
                 .detail = fmt::format("a batch has at most {} events: send the rest in another",
                                       limits_.batch_events_max)};
  }
  if (auto fault = check_size(item.data.size(), limits_.event_bytes_max, "the CloudEvent")) {
    return fault;
  }
  items_.push_back(item);
  return std::nullopt;
}

// One ce- header: into `attributes`, and into the structured `text` that readers will get.
std::optional<Fault> CloudEventReader::take_header(std::string_view name, std::string_view value,
                                                   Attributes& attributes, std::string& text) {
  if (!is_attribute_name(name) || name == "data" || name == "datacontenttype") {
    return attribute_fault(name, "is no attribute of a ce- header");
  }
  const std::string_view decoded = arena_.keep(percent_decoded(value));
  if (!is_valid_utf8(decoded)) return attribute_fault(name, "is not valid UTF-8");
  const auto same = [&](const PublishHeader& h) { return is_header_of(h, name); };
  if (std::ranges::count_if(request_.headers, same) > 1) {
    return attribute_fault(name, "stands twice");
  }
  if (std::string_view* const known = attributes.named(name)) *known = decoded;
  text += fmt::format("{}\"{}\":", text.empty() ? "{" : ",", name);
  append_json_string(text, decoded);
  return std::nullopt;
}

std::optional<Fault> CloudEventReader::read_binary(std::string_view body) {
  Attributes attributes;
  std::string text;  // of the structured event
  for (const PublishHeader& header : request_.headers) {
    if (!header.name.starts_with(header_prefix)) continue;
    const std::string_view name = header.name.substr(header_prefix.size());
    if (auto fault = take_header(name, header.value, attributes, text)) return fault;
  }
  PublishItem item;
  if (auto fault = check_attributes(attributes)) return fault;
  if (auto fault = name_item(attributes, item)) return fault;
  if (auto fault = take_body(body, item, text)) return fault;
  return add(item);
}

std::optional<Fault> CloudEventReader::take_body(std::string_view body, PublishItem& item,
                                                 std::string& text) {
  const std::string_view type = request_.content_type;
  const bool json = is_json_type(type) && !body.empty();
  const bool binary = !json && (is_binary_type(type) || check_text_data(body, "").has_value());
  JsonValue value;
  if (json && !json_.read_value(body, arena_, value)) return json_fault(json_.fault());
  if (only_data()) {
    item.data = body;
    item.data_kind = json ? DataKind::json : binary ? DataKind::binary : DataKind::text;
    return std::nullopt;
  }
  if (!type.empty()) {
    if (!is_valid_utf8(type)) return attribute_fault("datacontenttype", "is not valid UTF-8");
    text += ",\"datacontenttype\":";
    append_json_string(text, type);
  }
  if (json) {
    text += ",\"data\":";
    text += value.text;
  } else if (binary) {
    text += ",\"data_base64\":\"";
    append_base64(text, bytes_of(body));
    text += '"';
  } else if (!body.empty()) {
    text += ",\"data\":";
    append_json_string(text, body);
  }
  text += '}';
  item.data = arena_.keep(text);
  item.data_kind = DataKind::json;
  return std::nullopt;
}

}  // namespace fanfare
