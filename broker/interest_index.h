// broker/interest_index.h: which feeds of one worker want an event: topic -> feeds.
//
// Thread: its worker's.   Owned by: Broker.
// Exact topics are one hash look-up. Patterns are a trie of segments: an event visits the nodes
// that its own segments lead to, not the patterns there are. Feeds are plain dense numbers, the
// owner's indices into its table of feeds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "broker/subscription.h"
#include "broker/topic_hash.h"

namespace fanfare {

// Says for each feed whether this event has met it already: several patterns of one feed, or
// several topics of one event, must not deliver twice. Clearing it is a counter's step.
class FeedMarks {
 public:
  void next_event();
  bool first_time(uint32_t feed);  // true once between two next_event()

 private:
  std::vector<uint32_t> seen_;  // by feed: the event that last met it
  uint32_t event_ = 1;
};

class InterestIndex {
 public:
  // What a waker needs to know before it wakes this worker, in so many bits (design, decision 10).
  static constexpr std::size_t buckets = 4096;
  static std::size_t bucket_of(TopicHash hash) { return static_cast<uint64_t>(hash) >> 52; }

  InterestIndex();
  ~InterestIndex();
  InterestIndex(const InterestIndex&) = delete;
  InterestIndex& operator=(const InterestIndex&) = delete;

  // remove() takes the subscription that add() took; anything else is a CHECK.
  void add(uint32_t feed, const Subscription& subscription);
  void remove(uint32_t feed, const Subscription& subscription);

  // Appends to `out` each feed that wants `topic` and that `marks` has not met since its
  // next_event(). For an event of several topics: next_event() once, then match() for each topic.
  // `hash` is topic_hash(topic).
  void match(std::string_view topic, TopicHash hash, FeedMarks& marks,
             std::vector<uint32_t>& out) const;

  // Interest: with a pattern every event may matter; else only those whose bucket holds a topic.
  // After add or remove, the owner looks at the buckets of that subscription's exact topics.
  bool any_pattern() const { return pattern_entries_ != 0; }
  bool wants_bucket(std::size_t bucket) const { return topics_in_bucket_[bucket] != 0; }

  std::size_t exact_topic_count() const;   // distinct
  std::size_t pattern_node_count() const;  // nodes of the trie in use
  std::size_t memory_bytes() const;

 private:
  struct Tables;

  std::unique_ptr<Tables> tables_;
  std::size_t pattern_entries_ = 0;  // (feed, pattern) pairs
  std::array<uint32_t, buckets> topics_in_bucket_{};
};

}  // namespace fanfare
