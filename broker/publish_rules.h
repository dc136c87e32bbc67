// broker/publish_rules.h: the rules of an event's parts, whichever form it came in: type, retry,
// key, data, size.
//
// Thread: any; pure functions. `field` is what the fault names: a member, a query parameter or a
// header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/fault.h"
#include "broker/publish_item.h"
#include "net/json.h"

namespace fanfare {

// At most 255 bytes of UTF-8 without line end or NUL, and not `fanfare.`..., which is how control
// events begin.
std::optional<Fault> check_event_type(std::string_view type, std::string_view field);

// A whole number of milliseconds within the limits.
Verdict<uint32_t> parse_retry(std::string_view text, std::string_view field);

// An item's "key": 1-255 bytes, no refused character.
std::optional<Fault> check_item_key(std::string_view key);

// The value of an Idempotency-Key header, quoted or bare: 1-255 visible ASCII characters. The
// result looks into it.
Verdict<std::string_view> parse_idempotency_key(std::string_view header);

// Data that is text: valid UTF-8 without NUL. `what` begins the message: "the body".
std::optional<Fault> check_text_data(std::string_view data, std::string_view what);

// 413 when `bytes` is over `most`.
std::optional<Fault> check_size(std::size_t bytes, std::size_t most, std::string_view what);

Fault json_fault(const JsonFault& fault);
Fault member_fault(std::string_view name, std::string detail);

// Media types, parameters and case apart.
bool is_media_type(std::string_view content_type, std::string_view type);
std::string_view media_type(std::string_view content_type);  // as sent, without parameters
bool is_json_type(std::string_view content_type);  // application/json, text/json and anything+json
bool is_ndjson_type(std::string_view content_type);  // one of its three names
bool is_binary_type(std::string_view content_type);  // application/octet-stream

}  // namespace fanfare
