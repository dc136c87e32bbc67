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
  FeedTable(const FeedTable&) = delete;
  FeedTable& operator=(const FeedTable&) = delete;

  Feed& operator[](uint32_t id) { return *feeds_[id]; }
  const Feed& operator[](uint32_t id) const { return *feeds_[id]; }
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
  struct Key {
    std::string_view names;  // Subscription::key()
    char tag;                // WireFormat::tag()
    friend bool operator==(const Key&, const Key&) = default;
  };
  Key key_of(uint32_t id) const {
    return {feeds_[id]->subscription()->key(), feeds_[id]->format().tag()};
  }
  // The set holds feeds' numbers, 4 bytes each; their keys stand in the feeds.
  struct KeyHash {
    using is_transparent = void;
    using is_avalanching = void;
    const FeedTable* table;
    std::size_t operator()(const Key& key) const {
      return static_cast<std::size_t>(topic_hash(key.names)) ^
             static_cast<std::size_t>(key.tag) * 0x9e3779b97f4a7c15u;
    }
    std::size_t operator()(uint32_t id) const { return (*this)(table->key_of(id)); }
  };
  struct KeyEqual {
    using is_transparent = void;
    const FeedTable* table;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(const Key& a, uint32_t b) const { return a == table->key_of(b); }
    bool operator()(uint32_t a, const Key& b) const { return table->key_of(a) == b; }
  };

  InterestFilter& filter_;
  InterestIndex index_;
  FeedMarks marks_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::vector<uint32_t> free_;
  FlatSet<uint32_t, KeyHash, KeyEqual> by_key_{0, KeyHash{this}, KeyEqual{this}};
  std::vector<uint32_t> matched_;
  std::size_t patterns_ = 0;
};

}  // namespace fanfare
