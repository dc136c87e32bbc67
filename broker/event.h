// broker/event.h: one published thing: number, topics, type and data, encoded once; immutable once
// it is on the bus.
//
// Thread: made by one worker, then const and read by all; the count is atomic.   Owned by: counted
// (EventRef). Memory: one allocation: this header, the topics, head room for the id line, the
// canonical SSE frame, and the data once more where the frame does not hold it in one piece (line
// ends, base64). Limits: event_bytes_max and 16 topics (settings.h); offsets are u32, so an event
// stays below 4 GiB.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "broker/event_number.h"
#include "broker/publish_item.h"
#include "broker/topic.h"
#include "core/bytes.h"
#include "core/cache_line.h"
#include "core/time.h"

namespace fanfare {

// How SSE readers see bytes: a data URL (RFC 2397).
constexpr std::string_view binary_data_prefix = "data:application/octet-stream;base64,";

class EventRef;

// What an event is made of. Views need to live only during Event::make.
struct EventParts {
  std::span<const std::string_view> topics;  // 1 to 16, checked names; the first is canonical
  std::string_view type;                     // empty: none
  std::string_view data;                     // bytes; for text: valid UTF-8
  DataKind kind = DataKind::text;
  uint32_t retry_ms = 0;  // 0: none
};

class Event {
 public:
  // Encodes everything but the id. One allocation.
  static EventRef make(const EventParts& parts);

  // Before it is released to the bus, by the worker that made it: writes the id line and the chunk
  // head into the head room.
  void number_it(EventId id, WallTime time, Instant at);

  EventNumber number() const { return number_; }
  WallTime time() const { return time_; }  // shown to readers
  Instant born() const { return born_; }   // for ages: does not jump

  std::string_view topic() const { return {at(topic_), topic_bytes_}; }  // the canonical one
  TopicHash topic_hash() const { return topic_hash_; }
  unsigned topic_count() const { return topic_count_; }
  // Calls fn(std::string_view) for each topic, the canonical one first.
  template <class Fn>
  void for_each_topic(Fn&& fn) const {
    const char* p = at(topic_);
    fn(topic());
    p += topic_bytes_;
    for (unsigned i = 1; i < topic_count_; ++i) {
      const std::size_t length = static_cast<unsigned char>(*p);
      fn(std::string_view(p + 1, length));
      p += 1 + length;
    }
  }

  std::string_view type() const { return {at(type_), type_bytes_}; }
  std::string_view data() const { return {at(data_), data_bytes_}; }
  DataKind kind() const { return kind_; }
  uint32_t retry_ms() const { return retry_ms_; }

  // The canonical frame: one HTTP chunk that holds one SSE event.
  std::string_view chunked_frame() const { return {at(frame_), end_ - frame_}; }
  // The same without its chunk framing.
  std::string_view frame() const { return {at(id_line_), end_ - 2 - id_line_}; }
  // What follows the id line in the frame.
  std::string_view fields() const { return {at(fields_), end_ - 2 - fields_}; }

  std::size_t bytes() const { return allocated_; }  // of memory, header included
  // Brings as much of its memory into the cache as an event of `bytes` has, up to 512, without
  // waiting for it.
  void fetch_ahead(std::size_t bytes) const {
    for (std::size_t i = 0; i < std::min(bytes, fetch_bytes_max); i += cache_line_bytes)
      __builtin_prefetch(reinterpret_cast<const char*>(this) + i, 1);
  }

  void ref() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void unref() const {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

 private:
  static constexpr std::size_t fetch_bytes_max = 512;

  Event() = default;
  ~Event() = default;
  void destroy() const;
  const char* at(uint32_t offset) const { return reinterpret_cast<const char*>(this + 1) + offset; }
  char* at(uint32_t offset) { return reinterpret_cast<char*>(this + 1) + offset; }

  mutable std::atomic<uint32_t> references_{1};
  uint32_t allocated_ = 0;
  EventNumber number_;
  WallTime time_{};
  Instant born_{};
  TopicHash topic_hash_{};
  uint32_t topic_ = 0, type_ = 0, data_ = 0, data_bytes_ = 0;
  uint32_t frame_ = 0, id_line_ = 0, fields_ = 0, end_ = 0;  // end_: after the chunk's CR LF
  uint32_t retry_ms_ = 0;
  uint8_t topic_bytes_ = 0, type_bytes_ = 0, topic_count_ = 1;
  DataKind kind_ = DataKind::text;
};

// One counted reference.
class EventRef {
 public:
  EventRef() = default;
  explicit EventRef(const Event* event) : event_(event) {  // takes a reference of its own
    if (event_ != nullptr) event_->ref();
  }
  static EventRef adopt(const Event* event) {  // takes over the caller's reference
    EventRef taken;
    taken.event_ = event;
    return taken;
  }
  EventRef(const EventRef& other) : EventRef(other.event_) {}
  EventRef(EventRef&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  EventRef& operator=(EventRef other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  ~EventRef() {
    if (event_ != nullptr) event_->unref();
  }

  const Event* get() const { return event_; }
  const Event* operator->() const { return event_; }
  const Event& operator*() const { return *event_; }
  explicit operator bool() const { return event_ != nullptr; }
  // Gives the reference away (to the bus).
  const Event* release() { return std::exchange(event_, nullptr); }

 private:
  const Event* event_ = nullptr;
};

}  // namespace fanfare
