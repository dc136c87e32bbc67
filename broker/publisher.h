// broker/publisher.h: from encoded events to answered publishers: congestion, claim, number,
// release, wake, answer.
//
// Thread: its worker's.   Owned by: Broker.
// Back pressure: a publication of a congested topic, or one that the bus has no room for, is parked
// before anything is claimed and its connection is not read; after `publish_wait` it is refused. A
// refusal leaves no hole. The publisher is answered when this worker has read past its number, so
// that an answered id is visible everywhere.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>

#include "broker/bus.h"
#include "broker/congestion.h"
#include "broker/flat_map.h"
#include "broker/key_table.h"
#include "broker/message.h"
#include "broker/publication.h"
#include "core/counter.h"
#include "core/time.h"

namespace fanfare {

struct PublisherCounters {
  Counter events, batches, refused, parked;
};

class Publisher {
 public:
  // Called when a publication has its answer; `from` is what publish() was given.
  using Answer = std::function<void(RequestRef from, const PublishResult&)>;

  struct Parts {
    Bus& bus;
    std::function<void(std::span<const TopicHash>)>
        wake;                             // the workers that want events of these topics
    std::function<void()> wake_laggards;  // the workers that hold the bus's room by sleeping
    const Congestion& congestion;
    KeyTable& keys;
    Epoch epoch;
  };
  Publisher(Parts parts, Duration publish_wait, Answer answer);

  // Publishes, parks or refuses. The answer may come before this returns only if it is a refusal or
  // a replay.
  void publish(RequestRef from, Publication&& publication, Instant now, WallTime wall);
  // Tries what is parked again; refuses what has waited too long.
  void retry_parked(Instant now, WallTime wall);
  // This worker has read the bus up to `cursor`.
  void on_read(EventNumber cursor, Instant now);

  bool has_parked() const { return !parked_.empty(); }
  std::size_t unanswered() const { return waiting_.size(); }
  const PublisherCounters& counters() const { return counters_; }

 private:
  struct Parked {
    RequestRef from;
    Publication publication;
    Instant deadline;
  };
  struct Waiting {
    RequestRef from;
    PublishResult result;
    std::unique_ptr<Publication> keyed;  // its keys, to be remembered with the result; no events
  };

  bool congested(const Publication& publication) const;
  // Something of the same topics (or of one that shares a bit with them) waits already: what comes
  // later must not overtake it. Other topics do not wait.
  bool waits_behind_parked(const Publication& publication) const;
  void count_parked(const Publication& publication, int step);
  // Publishes if there is room now.
  bool try_publish(RequestRef from, Publication& publication, Instant now, WallTime wall,
                   PublishResult::Kind& why_not);
  // Looks the keys up. False: answered already.
  bool check_keys(RequestRef from, Publication& publication, Instant now);
  void forget_keys(const Publication& publication);
  PublishResult remember(const Waiting& done, Instant now);

  Parts parts_;
  const Duration publish_wait_;
  const Answer answer_;
  std::deque<Parked> parked_;
  FlatMap<uint32_t, int> parked_bits_;  // of their topics (CongestionMap::bit_of), each counted
  std::deque<Waiting> waiting_;         // by number
  std::vector<TopicHash> hashes_;
  PublisherCounters counters_;
};

}  // namespace fanfare
