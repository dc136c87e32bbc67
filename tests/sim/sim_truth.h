// tests/sim/sim_truth.h: what was published in a simulated story, and what history may have
// dropped.
//
// A value, owned by the story. The oracle holds what streams tell against it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "broker/settings.h"
#include "broker/subscription.h"

namespace fanfare {

struct Published {
  std::vector<std::string> topics;
  std::string data;
};

class SimTruth {
 public:
  explicit SimTruth(const Settings& settings) : policy_(settings.topic_defaults) {
    // Topics may be forgotten altogether: then everything may have gone.
    forgets_topics_ = settings.history_topics_max < 100 || settings.history_total_bytes < 64_MiB;
  }

  // Its publisher was answered with this number. The same again is the same answer to a key.
  void accept(uint64_t number, const Published& event) {
    refused_.erase(event.data);
    open_.erase(event.data);
    const auto [at, fresh] = numbers_.emplace(event.data, number);
    EXPECT_TRUE(fresh || at->second == number)
        << "one event has two numbers: " << at->second << " and " << number;
    const auto [known, first] = by_number_.emplace(number, event);
    EXPECT_TRUE(first || known->second.data == event.data)
        << "two events have the number " << number;
    newest_ = std::max(newest_, number);
  }
  // Nobody was told whether it was published.
  void leave_open(const Published& event) { open_.emplace(event.data, event); }
  // Its publisher was told that it was not published, for now.
  void refuse(const Published& event) { refused_.emplace(event.data, event); }

  // A stream was told this. Null: it was never published.
  const Published* told(uint64_t number, const std::string& data) {
    EXPECT_FALSE(refused_.contains(data) && !open_.contains(data))
        << "an event was told whose publisher was refused: " << number;
    if (const auto open = open_.find(data); open != open_.end()) {
      const Published event = open->second;
      accept(number, event);
    }
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : &found->second;
  }

  static bool wants(const Subscription& subscription, const Published& event) {
    for (const std::string& topic : event.topics) {
      if (subscription.matches(topic)) return true;
    }
    return false;
  }

  // Could history have dropped it from all topics by which this subscription wants it, when `tail`
  // was the newest number?
  bool may_be_dropped(const Subscription& subscription, uint64_t number, uint64_t tail) const {
    if (number > tail) return false;
    if (policy_.lag == LagPolicy::latest || forgets_topics_) return true;
    for (const std::string& topic : by_number_.at(number).topics) {
      if (subscription.matches(topic) && is_kept(topic, number, tail)) return false;
    }
    return true;
  }
  // By bytes it is only known roughly; forgotten topics may have lost anything.
  bool knows_what_is_dropped() const { return !forgets_topics_ && policy_.history_bytes >= 64_MiB; }
  // The first event after `position` that the subscription wants and that may have been dropped; 0:
  // none.
  uint64_t first_dropped(const Subscription& subscription, uint64_t position, uint64_t tail) const {
    for (auto at = by_number_.upper_bound(position); at != by_number_.end() && at->first <= tail;
         ++at) {
      if (wants(subscription, at->second) && may_be_dropped(subscription, at->first, tail))
        return at->first;
    }
    return 0;
  }

  // Calls fn(number, event) for those above `after` and below `before`.
  template <class Fn>
  void for_each_between(uint64_t after, uint64_t before, Fn&& fn) const {
    for (auto at = by_number_.upper_bound(after); at != by_number_.end() && at->first < before;
         ++at)
      fn(at->first, at->second);
  }
  std::size_t count() const { return by_number_.size(); }
  uint64_t newest() const { return newest_; }

 private:
  // Counts what its publishers were told of; what is still open may have pushed it out too.
  bool is_kept(const std::string& topic, uint64_t number, uint64_t tail) const {
    std::size_t events = 1 + open_.size(), bytes = by_number_.at(number).data.size();
    for (const auto& [data, event] : open_) bytes += data.size() + overhead_bytes;
    bytes += overhead_bytes;
    for (auto at = by_number_.upper_bound(number); at != by_number_.end() && at->first <= tail;
         ++at) {
      const auto& topics = at->second.topics;
      if (std::find(topics.begin(), topics.end(), topic) == topics.end()) continue;
      ++events;
      bytes += at->second.data.size() + overhead_bytes;
    }
    return events <= policy_.history_events && bytes <= policy_.history_bytes;
  }

  // More than an event takes beside its data.
  static constexpr std::size_t overhead_bytes = 512;

  const TopicPolicy policy_;
  bool forgets_topics_ = false;
  uint64_t newest_ = 0;
  std::map<uint64_t, Published> by_number_;
  std::map<std::string, uint64_t> numbers_;
  std::map<std::string, Published> open_, refused_;
};

}  // namespace fanfare
