// tests/broker/exact_topics_test.cc: one feed, several, and none again; names that outlive who
// brought them.
#include "broker/exact_topics.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

using Feeds = std::vector<uint32_t>;

Subscription::Ref subscription_of(std::vector<std::string_view> names) {
  auto made = Subscription::of(names, 64);
  EXPECT_TRUE(made);
  return *made;
}

HashedName hashed(std::string_view name) {
  return {name, topic_hash(name)};
}

class Exact : public ::testing::Test {
 protected:
  Feeds feeds(std::string_view name) const {
    const auto span = topics_.feeds_of(hashed(name));
    Feeds found(span.begin(), span.end());
    std::ranges::sort(found);
    return found;
  }
  ExactTopics topics_;
};

TEST_F(Exact, OneFeedAndNoneAgain) {
  const auto one = subscription_of({"orders/1"});
  EXPECT_TRUE(topics_.add(7, *one, 0));
  EXPECT_EQ(feeds("orders/1"), Feeds{7});
  EXPECT_EQ(feeds("orders/2"), Feeds{});
  EXPECT_TRUE(topics_.remove(7, hashed("orders/1")));
  EXPECT_EQ(feeds("orders/1"), Feeds{});
  EXPECT_EQ(topics_.count(), 0u);
}

TEST_F(Exact, SeveralFeedsShareATopic) {
  const auto one = subscription_of({"a"});
  EXPECT_TRUE(topics_.add(1, *one, 0));
  EXPECT_FALSE(topics_.add(2, *one, 0));
  EXPECT_FALSE(topics_.add(3, *one, 0));
  EXPECT_EQ(feeds("a"), (Feeds{1, 2, 3}));
  EXPECT_FALSE(topics_.remove(1, hashed("a")));
  EXPECT_EQ(feeds("a"), (Feeds{2, 3}));
  EXPECT_FALSE(topics_.remove(3, hashed("a")));
  EXPECT_EQ(feeds("a"), Feeds{2});
  EXPECT_FALSE(topics_.add(4, *one, 0));
  EXPECT_EQ(feeds("a"), (Feeds{2, 4}));
  EXPECT_FALSE(topics_.remove(2, hashed("a")));
  EXPECT_TRUE(topics_.remove(4, hashed("a")));
  EXPECT_EQ(topics_.count(), 0u);
}

TEST_F(Exact, ATopicOfASubscriptionIsFoundByItsPlace) {
  const auto many = subscription_of({"c", "a", "b"});
  for (uint32_t place = 0; place < 3; ++place) topics_.add(place, *many, place);
  EXPECT_EQ(feeds("a"), Feeds{0});
  EXPECT_EQ(feeds("b"), Feeds{1});
  EXPECT_EQ(feeds("c"), Feeds{2});
}

TEST_F(Exact, ANameOutlivesTheSubscriptionThatBroughtIt) {
  topics_.add(1, *subscription_of({"news"}), 0);
  topics_.add(2, *subscription_of({"news", "sport"}), 0);
  EXPECT_FALSE(topics_.remove(1, hashed("news")));  // the first subscription has no other owner
  EXPECT_EQ(feeds("news"), Feeds{2});
  EXPECT_TRUE(topics_.remove(2, hashed("news")));
}

TEST_F(Exact, AListThatIsNoLongerNeededServesAnotherTopic) {
  const auto a = subscription_of({"a"}), b = subscription_of({"b"});
  const auto twice = [&](const Subscription& subscription) {
    topics_.add(1, subscription, 0);
    topics_.add(2, subscription, 0);
  };
  twice(*a);
  const std::size_t bytes = topics_.memory_bytes();
  topics_.remove(1, hashed("a"));
  topics_.remove(2, hashed("a"));
  twice(*b);
  EXPECT_EQ(topics_.memory_bytes(), bytes);
  EXPECT_EQ(feeds("b"), (Feeds{1, 2}));
}

TEST_F(Exact, AnIdleTopicCostsTwentyBytesOrSo) {
  constexpr uint32_t count = 20'000;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string name = "user/" + std::to_string(i);
    topics_.add(i, *subscription_of({name}), 0);
  }
  EXPECT_LT(topics_.memory_bytes() / count, 40u);
}

}  // namespace
}  // namespace fanfare
