// tests/broker/interest_index_test.cc: the index finds what scanning every subscription would find,
// each feed once.
#include "broker/interest_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

namespace fanfare {
namespace {

using Names = std::vector<std::string_view>;

Subscription::Ref of(const Names& names) {
  return *Subscription::of(names, 64);
}

class Interest : public testing::Test {
 protected:
  std::vector<uint32_t> match(std::string_view topic) {
    std::vector<uint32_t> out;
    marks_.next_event();
    index_.match(topic, topic_hash(topic), marks_, out);
    std::ranges::sort(out);
    return out;
  }
  InterestIndex index_;
  FeedMarks marks_;
};

using Feeds = std::vector<uint32_t>;

TEST_F(Interest, exact_topics_and_patterns_are_found) {
  index_.add(1, *of({"a"}));
  index_.add(2, *of({"a", "b/*"}));
  index_.add(3, *of({"b/**"}));
  index_.add(4, *of({"**"}));
  EXPECT_EQ(match("a"), (Feeds{1, 2, 4}));
  EXPECT_EQ(match("b/1"), (Feeds{2, 3, 4}));
  EXPECT_EQ(match("b/1/2"), (Feeds{3, 4}));
  EXPECT_EQ(match("b"), (Feeds{4}));
  EXPECT_EQ(match("$stats"), (Feeds{}));
}

TEST_F(Interest, a_feed_is_found_once_by_several_patterns_and_topics) {
  index_.add(7, *of({"a/b", "a/*", "*/b", "**", "a/**"}));
  EXPECT_EQ(match("a/b"), (Feeds{7}));
  std::vector<uint32_t> out;
  marks_.next_event();
  for (const auto* topic : {"a/b", "a/c", "x"}) index_.match(topic, topic_hash(topic), marks_, out);
  EXPECT_EQ(out, (Feeds{7}));
}

TEST_F(Interest, removal_leaves_nothing_behind) {
  const auto one = of({"a", "x/*/y", "x/**"}), two = of({"a", "x/*/y", "**"});
  index_.add(1, *one);
  index_.add(2, *two);
  EXPECT_TRUE(index_.any_pattern());
  EXPECT_TRUE(index_.wants_bucket(InterestIndex::bucket_of(topic_hash("a"))));
  index_.remove(1, *one);
  EXPECT_EQ(match("a"), (Feeds{2}));
  EXPECT_EQ(match("x/1/y"), (Feeds{2}));
  EXPECT_TRUE(index_.wants_bucket(InterestIndex::bucket_of(topic_hash("a"))));
  index_.remove(2, *two);
  EXPECT_EQ(match("x/1/y"), (Feeds{}));
  EXPECT_FALSE(index_.any_pattern());
  EXPECT_EQ(index_.exact_topic_count(), 0U);
  EXPECT_EQ(index_.pattern_node_count(), 0U);
  for (std::size_t b = 0; b < InterestIndex::buckets; ++b) EXPECT_FALSE(index_.wants_bucket(b));
}

TEST_F(Interest, removing_what_was_not_added_stops_the_program) {
  index_.add(1, *of({"a"}));
  EXPECT_DEATH(index_.remove(2, *of({"a"})), "broken invariant");
  EXPECT_DEATH(index_.remove(1, *of({"b/*"})), "");
}

TEST_F(Interest, finds_what_a_scan_finds_through_a_random_life) {
  std::mt19937_64 random(99);
  const std::string segments[] = {"a", "b", "c", "", "$o", "*", "*"};
  const auto name = [&](std::size_t kinds) {
    std::string text;
    for (std::size_t left = random() % 4;; --left) {
      text += segments[random() % kinds];
      if (left == 0) break;
      text += '/';
    }
    if (kinds > 5 && random() % 4 == 0) text = random() % 5 == 0 ? "**" : text + "/**";
    return text.empty() ? std::string("a") : text;
  };
  std::map<uint32_t, Subscription::Ref> live;
  for (int round = 0; round < 20'000; ++round) {
    const auto feed = static_cast<uint32_t>(random() % 60);
    if (const auto there = live.find(feed); there != live.end()) {
      index_.remove(feed, *there->second);
      live.erase(there);
    } else {
      const std::string names[] = {name(7), name(7), name(5)};
      const auto made = Subscription::of(Names(std::begin(names), std::end(names)), 64);
      ASSERT_TRUE(made) << made.fault().detail;
      index_.add(feed, **made);
      live.emplace(feed, *made);
    }
    const std::string topic = name(5);
    Feeds expected;
    for (const auto& [id, subscription] : live) {
      if (subscription->matches(topic)) expected.push_back(id);
    }
    ASSERT_EQ(match(topic), expected) << topic;
  }
  for (const auto& [id, subscription] : live) index_.remove(id, *subscription);
  EXPECT_EQ(index_.pattern_node_count(), 0U);
}

TEST_F(Interest, ten_thousand_topics_are_cheap) {
  for (uint32_t i = 0; i < 10'000; ++i) index_.add(i, *of({"user/" + std::to_string(i)}));
  EXPECT_LT((index_.memory_bytes() - sizeof index_) / 10'000, 40U);
  EXPECT_EQ(match("user/77"), (Feeds{77}));
}

TEST_F(Interest, a_hundred_thousand_patterns_are_not_scanned) {
  for (uint32_t i = 0; i < 100'000; ++i) {
    index_.add(i, *of({"user/" + std::to_string(i) + "/*/state"}));
  }
  std::vector<uint32_t> out;
  for (int i = 0; i < 100'000; ++i) {  // a scan would take minutes here
    marks_.next_event();
    out.clear();
    index_.match("user/4711/x/state", topic_hash("user/4711/x/state"), marks_, out);
  }
  EXPECT_EQ(out, (Feeds{4711}));
}

}  // namespace
}  // namespace fanfare
