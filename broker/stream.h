// broker/stream.h: one open response: the number of the next event it lacks, and how far a send
// got.
//
// Thread: its worker's.   Owned by: StreamTable, at the index of its slot (slot = stream index =
// direct descriptor). A stream is not a queue: one that has seen everything costs these 72 bytes, a
// slow one a number more.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/block.h"
#include "core/bytes.h"
#include "core/check.h"
#include "net/engine.h"

namespace fanfare {

struct StreamExtra;

// What a slot of this worker is in use for.
enum class SlotUse : uint8_t { vacant, offered, connection, stream, closing };

struct Stream {
  EventNumber next;  // the number of the next event it lacks
  Block* torn =
      nullptr;  // a send that was cut short: the rest of this block's bytes (one reference)
  StreamExtra* extra = nullptr;  // bytes of this stream alone, and how it is opening; usually none
  uint64_t client = 0;           // key of the client's address, for the limit per address
  uint32_t torn_offset = 0;
  uint32_t torn_end = 0;         // where the bytes to send end; an event's end
  uint32_t feed = 0;             // index into FeedTable
  uint32_t member = 0;           // position in the feed's members
  uint32_t generation = 0;       // of the slot's present use
  uint32_t last_write_tick = 0;  // of stream_tick
  uint32_t outstanding = 0;      // bytes unacknowledged at the last look, and taken since
  uint32_t acked_tick = 0;       // when some were acknowledged, or none were outstanding
  uint32_t age_end_tick = 0;     // when it is closed for its age; 0: never
  SlotUse use = SlotUse::vacant;
  uint8_t heartbeat_s = 15;
  bool blocked : 1 = false;     // the socket was full; want_writable is armed
  bool pulling : 1 = false;     // waits for a page of history
  bool closing : 1 = false;     // closes when its own bytes have gone
  bool torn_begun : 1 = false;  // a part of `torn` has gone: nothing else may go before the rest
  bool behind : 1 = false;      // counted in its feed's `behind`
  bool in_crowd : 1 = false;    // was behind when its feed's crowd was last looked at
  bool in_batch : 1 = false;    // in the batch that is being filled
  bool queued : 1 = false;      // in FanOut's queue of single streams
  bool unacked : 1 = false;     // something was outstanding then
  bool beacons : 1 = true;      // heartbeats may carry a position
  bool beat_event : 1 = false;  // heartbeats are events (`beat=event`)
  bool unix_peer : 1 = false;   // arrived on a Unix socket: exempt from limits per address
};
static_assert(sizeof(Stream) <= 72, "an idle stream of a shared topic must stay small");

constexpr Duration stream_tick = std::chrono::milliseconds(250);

// All slots of a worker, by index. Untouched ones take no memory.
class StreamTable {
 public:
  explicit StreamTable(uint32_t capacity) : chunks_((capacity + chunk - 1) / chunk) {}

  Stream& operator[](uint32_t index) {
    CHECK_LT(index / chunk, chunks_.size());
    auto& held = chunks_[index / chunk];
    if (!held) held = std::make_unique<std::array<Stream, chunk>>();
    return (*held)[index % chunk];
  }
  Slot slot(uint32_t index) { return {index, (*this)[index].generation}; }
  // The stream in this very use of the slot; null if it has gone.
  Stream* find(Slot slot) {
    if (slot.index / chunk >= chunks_.size() || !chunks_[slot.index / chunk]) return nullptr;
    Stream& stream = (*this)[slot.index];
    return stream.use == SlotUse::stream && stream.generation == slot.generation ? &stream
                                                                                 : nullptr;
  }

 private:
  // The allocator's size classes lie far apart: 16 KiB is one of them.
  static constexpr uint32_t chunk = 16_KiB / sizeof(Stream);
  std::vector<std::unique_ptr<std::array<Stream, chunk>>> chunks_;
};

}  // namespace fanfare
