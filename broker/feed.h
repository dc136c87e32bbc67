// broker/feed.h: one subscription in one format on one worker: a window of recent events and the
// streams reading it.
//
// Thread: its worker's.   Owned by: FeedTable, while it has a stream.
// Why a window and not a queue per stream: a caught-up stream must cost nothing
// (docs/ARCHITECTURE.md#feeds). The window is a chain of blocks. Every matching event numbered
// covered_from() or later is in it; what is older comes from history.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "broker/block.h"
#include "broker/subscription.h"
#include "broker/wire.h"

namespace fanfare {

class Feed {
 public:
  Feed(std::shared_ptr<const Subscription> subscription, WireFormat format,
       EventNumber covered_from);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  const std::shared_ptr<const Subscription>& subscription() const { return subscription_; }
  WireFormat format() const { return format_; }

  // The newest event appended, or what lies before the first that it would take: a stream whose
  // next number is above it is current, one whose next number is not may have something to get,
  // here or from history.
  EventNumber last() const { return last_; }
  EventNumber covered_from() const { return covered_from_; }

  // Takes a matching event into the window. Numbers rise.
  void append(Epoch epoch, const Event& event);

  // Where the bytes of events numbered `next` or later begin. Requires covered_from() <= next <=
  // last().
  struct Place {
    Block* block;
    uint32_t offset;
    uint32_t events;  // from there to the block's end
  };
  Place find(EventNumber next) const;

  // Drops whole blocks from the old end until at most `keep_bytes` remain, but none with an event
  // after `offered`: what has not been offered to every member stays. What a torn stream holds
  // lives on with it.
  void trim(std::size_t keep_bytes, EventNumber offered);
  std::size_t window_bytes() const { return window_bytes_; }

  // Members: dense slot indices. A member's position is stored in its stream; removal moves the
  // last one into the hole.
  uint32_t add_member(uint32_t slot);
  // Returns the slot that moved to `position`, if one did.
  std::optional<uint32_t> remove_member(uint32_t position);
  const std::vector<uint32_t>& members() const { return members_; }

  // The sweep: who is to be visited in this round. Owned by FanOut.
  struct Sweep {
    uint32_t at = 0;    // member to visit next
    uint32_t left = 0;  // members still to visit in this round
    EventNumber end;    // last() when the round began
    Instant began{};
    std::size_t unswept_bytes = 0;  // appended since the round began
  } sweep;
  bool active = false;  // in FanOut's round robin
  uint32_t behind = 0;  // members that history is catching up: the window is kept for them
  std::vector<uint32_t>
      congested_topics;  // bits marked in this worker's congestion map because of this feed

 private:
  Block* room_for(std::size_t bytes);
  void chain(BlockRef block);

  std::shared_ptr<const Subscription> subscription_;
  WireFormat format_;
  EventNumber last_;
  EventNumber covered_from_;
  Block* oldest_ = nullptr;
  Block* newest_ = nullptr;
  std::size_t window_bytes_ = 0;
  std::vector<uint32_t> members_;
};

}  // namespace fanfare
