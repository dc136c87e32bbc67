// broker/subscribe_request.h: what a GET of a topic or of /events asks for, checked (protocol 2).
//
// Thread: its worker's; pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "broker/fault.h"
#include "broker/streams.h"
#include "net/http.h"

namespace fanfare {

struct SubscribeRequest {
  std::span<const std::string_view> path_topics;  // one for /topics/{topic}, none for /events
  std::span<const QueryParameter> query;
  std::string_view last_event_id;  // the header; empty: absent
  Encoding encoding = Encoding::sse;
  Framing framing = Framing::chunked;
};

struct SubscribeLimits {
  std::size_t topics_per_stream_max = 64;
  uint8_t heartbeat_s = 15;
};

// `tail` and `epoch` give ids their meaning; `now` is the broker's wall clock.
Verdict<OpenStream> read_subscribe(const SubscribeRequest& request, const SubscribeLimits& limits,
                                   Epoch epoch, EventNumber tail, WallTime now);

// `30s`, `5m`, `2h`, `7d`, or RFC 3339; nothing if it is neither.
std::optional<WallTime> parse_since(std::string_view text, WallTime now);

}  // namespace fanfare
