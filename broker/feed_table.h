// broker/feed_table.h: the feeds of one worker, found by what they read and in which format.
//
// Thread: its worker's.   Owned by: Broker.
// Tells the interest index and the interest filter of other threads what this worker wants.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/feed.h"
#include "broker/flat_map.h"
#include "broker/interest_filter.h"
#include "broker/interest_index.h"

namespace fanfare {

class FeedTable {
 public:
  // `filter` is this worker's, read by publishers on other threads.
  explicit FeedTable(InterestFilter& filter) : filter_(filter) {}
  ~FeedTable();

  Feed& operator[](uint32_t id) { return *feeds_[id]; }
  std::size_t count() const { return by_key_.size(); }
  bool holds(const Subscription& subscription, WireFormat format) const {
    return by_key_.contains(Key{subscription.key(), format.tag()});
  }
  std::size_t pattern_count() const { return patterns_; }
  std::size_t exact_topic_count() const { return index_.exact_topic_count(); }

  // Finds or makes the feed; `covered_from` is for a new one. After this returns, publishers on
  // other threads wake this worker for what it wants; read the bus tail only afterwards.
  uint32_t open(const Subscription::Ref& subscription, WireFormat format, EventNumber covered_from);
  // Removes the feed if it has no member.
  void close_if_empty(uint32_t id);

  // The feeds that want this event; valid until the next call.
  const std::vector<uint32_t>& match(const Event& event);

 private:
  using Key = std::pair<std::string_view, char>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string_view>()(key.first) ^
             static_cast<std::size_t>(key.second) * 0x9e3779b97f4a7c15u;
    }
  };

  InterestFilter& filter_;
  InterestIndex index_;
  FeedMarks marks_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::vector<uint32_t> free_;
  FlatMap<Key, uint32_t, KeyHash> by_key_;  // the views look into the feeds' subscriptions
  std::vector<uint32_t> matched_;
  std::size_t patterns_ = 0;
};

}  // namespace fanfare
