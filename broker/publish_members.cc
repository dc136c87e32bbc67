// broker/publish_members.cc: which members there are, and what each may hold.
#include "broker/publish_members.h"

#include <fmt/core.h>

#include <algorithm>

#include "broker/publish_rules.h"
#include "broker/text_rules.h"
#include "broker/topic.h"

namespace fanfare {
namespace {

constexpr std::string_view known_members = "topic, data, event, retry, key, private, end";

class MemberReader {
 public:
  MemberReader(JsonReader& json, TextArena& arena, std::vector<std::string_view>& names,
               PublishItem& item)
      : json_(json), arena_(arena), names_(names), item_(item) {}

  std::optional<Fault> read(const JsonMember& member) {
    const std::string_view name = member.name;
    if (name == "topic") return read_topic(member.value);
    if (name == "data") return read_data(member.value);
    if (name == "event") return read_event(member.value);
    if (name == "retry") return read_retry(member.value);
    if (name == "key") return read_key(member.value);
    if (name == "private") return read_private(member.value);
    if (name == "end") return read_flag("end", member.value, item_.end);
    return unknown(name);
  }

 private:
  static Fault unknown(std::string_view name) {
    const bool is_id = name == "id";
    return member_fault(
        field_name(name),
        fmt::format("unknown member {}: {}", quoted(name),
                    is_id ? "the broker numbers events itself; for safe repeats use \"key\""
                          : fmt::format("there are {}", known_members)));
  }

  static Fault wrong_kind(std::string_view name, std::string_view wanted) {
    return member_fault(name, fmt::format("\"{}\" is not {}", name, wanted));
  }

  std::optional<Fault> read_topic(const JsonValue& value) {
    names_.clear();
    if (value.kind == JsonKind::string) {
      names_.push_back(value.string);
    } else if (value.kind == JsonKind::array) {
      if (auto fault = read_list(value)) return fault;
    } else {
      return wrong_kind("topic", "a string or a list of strings");
    }
    for (const std::string_view name : names_) {
      if (auto fault = check_publish_topic(name)) return fault;
    }
    std::string_view* const views = arena_.take_views(names_.size());
    std::ranges::copy(names_, views);
    item_.topics = {views, names_.size()};
    return std::nullopt;
  }

  // Distinct, in the order given.
  std::optional<Fault> read_list(const JsonValue& value) {
    if (!json_.strings_of(value, arena_, names_)) {
      if (!json_.fault().what.empty()) return json_fault(json_.fault());
      return wrong_kind("topic", "a string or a list of strings");
    }
    if (names_.empty()) return member_fault("topic", "\"topic\" is an empty list");
    if (names_.size() > topics_per_event_max) {
      return Fault{.slug = slug::too_many_topics,
                   .detail = fmt::format("\"topic\" lists {} topics; an event has at most {}",
                                         names_.size(), topics_per_event_max),
                   .field = "topic"};
    }
    auto end = names_.begin();
    for (const std::string_view name : names_) {
      if (std::find(names_.begin(), end, name) == end) *end++ = name;
    }
    names_.erase(end, names_.end());
    return std::nullopt;
  }

  std::optional<Fault> read_data(const JsonValue& value) {
    item_.has_data = true;
    if (value.kind != JsonKind::string) {
      item_.data = value.text;
      item_.data_kind = DataKind::json;
      return std::nullopt;
    }
    item_.data = value.string;
    item_.data_kind = DataKind::text;
    // It is UTF-8 already. NUL can only come by an escape.
    if (value.string.find('\0') == value.string.npos) return std::nullopt;
    return check_text_data(value.string, "\"data\"");
  }

  std::optional<Fault> read_event(const JsonValue& value) {
    if (value.kind != JsonKind::string) return wrong_kind("event", "a string");
    item_.type = value.string;
    return check_event_type(value.string, "event");
  }

  std::optional<Fault> read_retry(const JsonValue& value) {
    const auto retry = parse_retry(value.text, "retry");
    if (!retry) return retry.fault();
    item_.retry_ms = *retry;
    return std::nullopt;
  }

  std::optional<Fault> read_key(const JsonValue& value) {
    if (value.kind != JsonKind::string) return wrong_kind("key", "a string");
    item_.key = value.string;
    return check_item_key(value.string);
  }

  std::optional<Fault> read_private(const JsonValue& value) {
    bool only_private = false;
    auto fault = read_flag("private", value, only_private);
    if (only_private) item_.visibility = Visibility::only_private;
    return fault;
  }

  static std::optional<Fault> read_flag(std::string_view name, const JsonValue& value, bool& out) {
    if (value.kind != JsonKind::boolean) return wrong_kind(name, "true or false");
    out = value.text == "true";
    return std::nullopt;
  }

  JsonReader& json_;
  TextArena& arena_;
  std::vector<std::string_view>& names_;
  PublishItem& item_;
};

}  // namespace

std::optional<Fault> read_publish_members(JsonReader& json, TextArena& arena,
                                          std::vector<std::string_view>& names, PublishItem& item) {
  item.has_data = false;
  MemberReader reader(json, arena, names, item);
  for (const JsonMember& member : json.members()) {
    if (auto fault = reader.read(member)) return fault;
  }
  if (item.topics.empty()) return member_fault("topic", "\"topic\" is missing");
  if (!item.has_data && !item.end) {
    return member_fault("data", "\"data\" is missing: for an empty event write \"data\":\"\"");
  }
  return std::nullopt;
}

}  // namespace fanfare
