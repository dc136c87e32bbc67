// broker/replay.h: pages of history for streams that are not at the end of their feed.
//
// Thread: its worker's.   Owned by: Broker.
// A page is a block of the events after a number, merged by number over the workers that keep them,
// and says up to where it is complete. Streams at the same place of a feed share it: a storm of
// reconnects asks for the same pages. Nothing pins history: what is evicted between two pages comes
// back as `lost`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "broker/block.h"
#include "broker/flat_map.h"
#include "broker/history.h"
#include "broker/wire.h"
#include "net/engine.h"

namespace fanfare {

// Why a gap is told.
enum class GapReason : uint8_t { expired, epoch, ahead, malformed, lagged };
std::string_view name_of(GapReason reason);

// Where a stream is in its catch-up.
struct ReplayAt {
  StartRule rule = StartRule::position;
  EventNumber after;
  EventNumber upto;  // the bus tail at its request; StartRule::newest counts back from here
  WallTime since{};
  uint32_t newest = 0;
  bool lagged = false;  // history has outrun it: a gap is told with the page that comes
};

// How a stream opens once its first page is here.
struct Opening {
  std::string head;   // its HTTP head so far: the position is still to come
  std::string asked;  // the id it gave, as sent; empty: none
  std::optional<GapReason>
      forced_gap;               // the id means nothing here: the gap is told whatever is kept
  bool position_given = false;  // its place was an id, and Fanfare-Last-Event-ID says it again
  bool hello = false;
};

struct Page {
  BlockRef block;  // the events' bytes; none: no event
  uint32_t events = 0;
  EventNumber upto;  // complete up to here
  bool lost = false;
  std::optional<EventNumber> first;  // of the kept events
};

class Replays {
 public:
  using Waiter = std::function<void(Slot, const Page&)>;
  // Sends an ask to a home worker; the answer comes to on_answer with the same page id.
  using Asker = std::function<void(uint32_t worker, uint64_t page, const HistoryAsk&)>;

  Replays(Epoch epoch, uint32_t workers, std::size_t page_bytes, Waiter waiter, Asker asker);

  // Asks for the page after at.after, for this stream. The waiter may be called before this
  // returns.
  void pull(Slot slot, const Subscription::Ref& subscription, WireFormat format, const ReplayAt& at,
            Instant now);
  void on_answer(uint64_t page, HistoryAnswer answer, Instant now);

  std::size_t pending() const { return pending_.size(); }

 private:
  struct Key {
    const Subscription* subscription;
    char format;
    StartRule rule;
    uint64_t after, upto;
    int64_t since;
    uint32_t newest;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Pending {
    uint64_t id;
    Key key;
    Subscription::Ref subscription;  // keeps key.subscription's address from being another's
    WireFormat format;
    EventNumber upto;
    std::vector<Slot> waiters;
    uint32_t homes_left = 0;
    std::vector<HistoryAnswer> answers;
  };
  struct Ready {
    Key key;
    Subscription::Ref subscription;
    Page page;
    Instant made;
  };

  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  static Key key_of(const Subscription::Ref& subscription, WireFormat format, const ReplayAt& at);
  void finish(Pending& pending, Instant now);
  Page merge(Pending& pending) const;
  std::vector<uint32_t> homes_of(const Subscription& subscription) const;

  const Epoch epoch_;
  const uint32_t workers_;
  const std::size_t page_bytes_;
  const Waiter waiter_;
  const Asker asker_;
  uint64_t next_id_ = 1;
  FlatMap<uint64_t, std::unique_ptr<Pending>> pending_;
  FlatMap<Key, Pending*, KeyHash> by_key_;
  std::vector<Ready> recent_;  // a few, for a short while
};

}  // namespace fanfare
