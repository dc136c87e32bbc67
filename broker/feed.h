// broker/feed.h: one subscription in one format on one worker: a window of recent events and the
// streams reading it.
//
// Thread: its worker's.   Owned by: FeedTable, while it has a stream.
// Why a window and not a queue per stream: a caught-up stream must cost nothing
// (docs/ARCHITECTURE.md#feeds). The window is a chain of blocks. Every matching event numbered
// covered_from() or later is in it; what is older comes from history.
//
// What a healthy stream can still lack stands in the newest block alone, so that one send takes all
// of it: when that block is full, the events that not everybody has been offered yet move to the
// front, or over into the next block. That is one more copy of an event at most, against a packet
// for each stream (6 us) that a second send would cost.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "broker/block.h"
#include "broker/crowd.h"
#include "broker/id_list.h"
#include "broker/subscription.h"
#include "broker/wire.h"

namespace fanfare {

class Feed {
 public:
  Feed(Subscription::Ref subscription, WireFormat format, EventNumber covered_from);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  const Subscription::Ref& subscription() const { return subscription_; }
  WireFormat format() const { return format_; }

  // The newest event appended, or what lies before the first that it would take: a stream whose
  // next number is above it is current, one whose next number is not may have something to get,
  // here or from history.
  EventNumber last() const { return last_; }
  EventNumber covered_from() const { return covered_from_; }

  // Takes a matching event into the window. Numbers rise.
  void append(Epoch epoch, const Event& event);

  // Where the bytes of events numbered `next` or later begin, in the block that reaches furthest.
  // Requires covered_from() <= next <= last().
  struct Place {
    Block* block;
    uint32_t offset;
    uint32_t events;  // from there to the block's end
  };
  Place find(EventNumber next) const;

  // Every member that is not behind has been offered what is numbered up to here.
  void set_offered(EventNumber offered) { offered_ = offered; }
  // Gives memory back: of what has been offered to all, at most `keep_bytes` stay for those who are
  // behind. What a torn stream holds lives on with it.
  void trim(std::size_t keep_bytes);
  std::size_t window_bytes() const { return window_bytes_; }

  // Members: dense slot indices. A member's position is stored in its stream; removal moves the
  // last one into the hole.
  uint32_t add_member(uint32_t slot);
  // Returns the slot that moved to `position`, if one did.
  std::optional<uint32_t> remove_member(uint32_t position);
  const IdList& members() const { return members_; }

  // Bytes of the window from the event numbered `next` on, as far as one block reaches.
  uint32_t bytes_from(EventNumber next) const;

  // The sweep: who is to be visited in this round. Owned by FanOut.
  struct Sweep {
    uint32_t at = 0;    // member to visit next
    uint32_t left = 0;  // members still to visit in this round
    EventNumber end;    // last() when the round began
    Instant began{};
    uint32_t debt = 0;      // bytes that the member to be visited next lacks, at most
    uint32_t debt_max = 0;  // beyond it publishers wait; adapted to what a round takes
  } sweep;
  bool active = false;  // in FanOut's round robin
  uint32_t behind = 0;  // members that lag: the window is kept for them
  // Publishers wait because of this feed, or soon may; null: mostly. Owned by FanOut.
  struct Pressure {
    std::vector<uint32_t> marked;  // bits in this worker's congestion map
    std::optional<Crowd> crowd;    // while it is behind
  };
  std::unique_ptr<Pressure> pressure;

 private:
  Block* room_for(std::size_t bytes);
  void grow(std::size_t bytes);
  void chain(BlockRef block, EventNumber covers_from);
  void drop_oldest();

  WireFormat format_;
  uint32_t round_bytes_ = 0;  // what the newest block had to hold lately
  Subscription::Ref subscription_;
  EventNumber last_;
  EventNumber covered_from_;
  EventNumber offered_;
  Block* oldest_ = nullptr;
  Block* newest_ = nullptr;
  std::size_t window_bytes_ = 0;
  IdList members_;
};
static_assert(sizeof(Feed) <= 128, "a stream with a topic of its own has a feed of its own");

}  // namespace fanfare
