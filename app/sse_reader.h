// app/sse_reader.h: reads a stream of Server-Sent Events as the HTML standard says, however it is
// cut into pieces.
//
// Thread: its owner's. No system calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace fanfare {

// What stood before one empty line. Views hold during the call.
struct SseBlock {
  bool has_data = false;  // without data it is no event: an EventSource fires nothing
  std::string_view type;  // empty: "message"
  std::string_view data;
  std::string_view raw;  // its lines, each with LF; with the empty one
};

enum class SseTaste : uint8_t { go_on, stop };
using SseSink = std::function<SseTaste(const SseBlock&)>;

class SseReader {
 public:
  static constexpr std::size_t block_bytes_max = 64 << 20;

  // Calls `sink` for each block that is complete; after `stop` the rest of `bytes` is dropped.
  // False: a block is longer than block_bytes_max; the stream is of no use any more.
  bool read(std::string_view bytes, const SseSink& sink);

  // A new connection: what was not complete is dropped, the last event id stays.
  void begin_stream();

  // To be sent as Last-Event-ID; empty: none. Moves on with each block, also one without data.
  const std::string& last_event_id() const { return last_event_id_; }
  void set_last_event_id(std::string id) { last_event_id_ = id_buffer_ = std::move(id); }
  // The latest `retry` field.
  std::optional<Duration> retry() const { return retry_; }

 private:
  SseTaste take_line(std::string_view line, const SseSink& sink);
  void take_field(std::string_view name, std::string_view value);
  SseTaste end_block(const SseSink& sink);
  void skip_mark(std::string_view& bytes);

  std::string line_;              // the beginning of one whose end has not come
  std::size_t mark_matched_ = 0;  // bytes of a byte order mark seen; past it: none can come
  bool after_cr_ = false;         // an LF now belongs to the CR before it
  std::string raw_, data_, type_;
  bool has_data_ = false;
  std::string id_buffer_, last_event_id_;
  std::optional<Duration> retry_;
};

}  // namespace fanfare
