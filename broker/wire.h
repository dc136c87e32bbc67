// broker/wire.h: the formats in which a stream can read events, and how events and control messages
// look in each.
//
// Encodings belong to feeds: what is here runs once per feed, or once for the bytes of one stream
// alone, never per delivery. docs/PROTOCOL.md is the contract of these bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/event.h"

namespace fanfare {

enum class Encoding : uint8_t { sse, ndjson, frames };
enum class Framing : uint8_t {
  chunked,
  plain
};  // plain: HTTP/1.0, the end of the connection ends the body
enum class Envelope : uint8_t {
  none,
  json
};  // json: `data:` is the object of an NDJSON line, no `event:`
enum class TopicField : uint8_t { none, shown };  // shown: a `topic:` line in each SSE event

struct WireFormat {
  Encoding encoding = Encoding::sse;
  Framing framing = Framing::chunked;
  Envelope envelope = Envelope::none;
  TopicField topic_field = TopicField::none;
  friend bool operator==(const WireFormat&, const WireFormat&) = default;

  bool canonical() const { return *this == WireFormat{}; }  // the event's own frame is already it
  // One character for the key of a feed.
  char tag() const;
  std::string_view content_type() const;
};

// Appends one event.
void append_event(std::string& out, WireFormat format, Epoch epoch, const Event& event);

// A message of the broker's own, such as fanfare.gap. `data` is a JSON object's text; `id` where
// readers should move.
struct Control {
  std::string_view type;
  std::string_view data;
  std::optional<EventId> id;
  uint32_t retry_ms = 0;  // SSE only: a `retry:` field before it
};
void append_control(std::string& out, WireFormat format, const Control& control);

// An event to one stream alone: it has no id, and moves no position.
void append_message(std::string& out, WireFormat format, std::string_view type,
                    std::string_view data, DataKind kind);

// The first block of a stream: `retry:` and the position it starts after (absent when a gap
// follows). Empty for NDJSON.
void append_head_block(std::string& out, WireFormat format, Epoch epoch, uint32_t retry_ms,
                       std::optional<EventId> position);
// Says that the connection lives: `:` LF, or an empty line.
void append_heartbeat(std::string& out, WireFormat format);
// Moves a quiet stream's position.
void append_beacon(std::string& out, WireFormat format, EventId position);
// Ends the body: the last chunk, or nothing where the end of the connection says it.
void append_end(std::string& out, WireFormat format);

}  // namespace fanfare
