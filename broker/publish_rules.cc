// broker/publish_rules.cc: each rule with its message.
#include "broker/publish_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "broker/text_rules.h"
#include "net/http.h"
#include "net/utf8.h"

namespace fanfare {
namespace {

constexpr std::string_view control_prefix = "fanfare.";

Fault part_fault(std::string_view field, std::string detail) {
  return {.slug = slug::bad_member, .detail = std::move(detail), .field = std::string(field)};
}

}  // namespace

std::optional<Fault> check_event_type(std::string_view type, std::string_view field) {
  if (type.size() > event_type_bytes_max) {
    return part_fault(field, fmt::format("the event type {} has {} bytes; at most {} are allowed",
                                         quoted(type, 40), type.size(), event_type_bytes_max));
  }
  if (type.starts_with(control_prefix)) {
    return part_fault(field, fmt::format("the event type {} begins with 'fanfare.': such types are "
                                         "the broker's own control events",
                                         quoted(type)));
  }
  if (type.find_first_of(std::string_view("\r\n\0", 3)) != type.npos) {
    return part_fault(field,
                      fmt::format("the event type {} holds a line end or NUL", quoted(type)));
  }
  if (!is_valid_utf8(type)) {
    return part_fault(field, fmt::format("the event type {} is not valid UTF-8", quoted(type)));
  }
  return std::nullopt;
}

Verdict<uint32_t> parse_retry(std::string_view text, std::string_view field) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && value >= retry_ms_min && value <= retry_ms_max) return value;
  return part_fault(field, fmt::format("retry is {}: it is a whole number of milliseconds from {} "
                                       "to {}",
                                       quoted(text, 40), retry_ms_min, retry_ms_max));
}

std::optional<Fault> check_item_key(std::string_view key) {
  if (key.empty() || key.size() > key_bytes_max) {
    return part_fault(
        "key", fmt::format("\"key\" has {} bytes: it has 1 to {}", key.size(), key_bytes_max));
  }
  if (const auto refused = find_refused_character(key)) {
    return part_fault("key", fmt::format("\"key\" holds {}", refused->describe()));
  }
  return std::nullopt;
}

Verdict<std::string_view> parse_idempotency_key(std::string_view header) {
  std::string_view key = trimmed(header);
  if (key.size() >= 2 && key.starts_with('"') && key.ends_with('"')) {
    key = key.substr(1, key.size() - 2);
  }
  const auto invisible = [](char c) { return c < 0x21 || c > 0x7E; };
  const bool visible = std::ranges::none_of(key, invisible);
  if (!key.empty() && key.size() <= key_bytes_max && visible) return key;
  return Fault{.slug = slug::bad_header,
               .detail = fmt::format("the Idempotency-Key {} is not 1 to {} visible ASCII "
                                     "characters, quoted or bare",
                                     quoted(header, 60), key_bytes_max),
               .field = "Idempotency-Key"};
}

std::optional<Fault> check_text_data(std::string_view data, std::string_view what) {
  const std::size_t nul = data.find('\0');
  const bool valid = is_valid_utf8(data);
  if (valid && nul == data.npos) return std::nullopt;
  const std::string fault =
      valid ? fmt::format("holds NUL at byte {}", nul)
            : fmt::format("is not valid UTF-8 at byte {}", find_invalid_utf8(data).value_or(0));
  return Fault{.slug = slug::bad_text,
               .detail = fmt::format("{} {}: for bytes that are no text, POST to /topics/{{topic}} "
                                     "with Content-Type: application/octet-stream",
                                     what, fault),
               .field = "data"};
}

std::optional<Fault> check_size(std::size_t bytes, std::size_t most, std::string_view what) {
  if (bytes <= most) return std::nullopt;
  return Fault{.status = 413,
               .slug = slug::too_large,
               .detail = fmt::format("{} has {} bytes; at most {} are allowed", what, bytes, most)};
}

Fault json_fault(const JsonFault& fault) {
  if (fault.name.empty()) {
    return {.slug = slug::bad_json, .detail = fmt::format("{}, at byte {}", fault.what, fault.at)};
  }
  return {.slug = slug::bad_json,
          .detail = fmt::format("{}: {}, at byte {}", fault.what, quoted(fault.name), fault.at),
          .field = std::string(field_name(fault.name))};
}

Fault member_fault(std::string_view name, std::string detail) {
  return part_fault(name, std::move(detail));
}

std::string_view media_type(std::string_view content_type) {
  return trimmed(content_type.substr(0, content_type.find(';')));
}

bool is_media_type(std::string_view content_type, std::string_view type) {
  return same_name(media_type(content_type), type);
}

bool is_json_type(std::string_view content_type) {
  const std::string_view type = media_type(content_type);
  constexpr std::string_view suffix = "+json";
  return same_name(type, "application/json") || same_name(type, "text/json") ||
         (type.size() > suffix.size() &&
          same_name(type.substr(type.size() - suffix.size()), suffix));
}

bool is_ndjson_type(std::string_view content_type) {
  return is_media_type(content_type, "application/x-ndjson") ||
         is_media_type(content_type, "application/ndjson") ||
         is_media_type(content_type, "application/jsonl");
}

bool is_binary_type(std::string_view content_type) {
  return is_media_type(content_type, "application/octet-stream");
}

}  // namespace fanfare
