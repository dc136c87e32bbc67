// broker/topic.h: what a topic may be called (protocol 1).
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "broker/fault.h"
#include "broker/topic_hash.h"  // IWYU pragma: export: what names a topic also hashes it

namespace fanfare {

constexpr std::size_t topic_bytes_max = 255;

// The rules that topics and patterns share: not empty, not too long, UTF-8, no refused character.
std::optional<Fault> check_name_text(std::string_view name);

// Is this a topic name, decoded? 400 otherwise; the detail names the fault and the likely meaning.
std::optional<Fault> check_topic(std::string_view name);

// And may a publisher publish to it? Names that begin with `$` are the broker's own: 403.
std::optional<Fault> check_publish_topic(std::string_view name);

// `raw` is what follows `/topics/` in a request's path, still percent-encoded. A literal `//` or a
// `/` at the start or end is 400 (proxies rewrite them). The decoded name is then checked with one
// of the others.
std::optional<Fault> check_topic_path(std::string_view raw);

// Names beginning with `$`: `$inbox/...`, `$presence/...`.
inline bool is_own_topic(std::string_view name) {
  return name.starts_with('$');
}

}  // namespace fanfare
