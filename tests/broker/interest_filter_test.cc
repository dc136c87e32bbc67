// tests/broker/interest_filter_test.cc: the filter may say yes wrongly, never no wrongly.
#include "broker/interest_filter.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/random.h"

namespace fanfare {
namespace {

TEST(InterestFilter, wants_nothing_at_first_but_looks_at_events_of_several_topics) {
  const InterestFilter filter;
  EXPECT_FALSE(filter.wants(TopicHash{9}));
  EXPECT_TRUE(filter.wants(any_topic));
}

TEST(InterestFilter, wants_a_topic_until_its_last_subscription_goes) {
  InterestFilter filter;
  filter.add(TopicHash{9});
  filter.add(TopicHash{9});
  filter.remove(TopicHash{9});
  EXPECT_TRUE(filter.wants(TopicHash{9}));
  filter.remove(TopicHash{9});
  EXPECT_FALSE(filter.wants(TopicHash{9}));
}

TEST(InterestFilter, topics_that_share_a_bit_are_counted_together) {
  InterestFilter filter;
  constexpr TopicHash one{9}, two{9 + InterestFilter::bits};
  filter.add(one);
  filter.add(two);
  filter.remove(one);
  EXPECT_TRUE(filter.wants(two));
}

TEST(InterestFilter, a_pattern_wants_everything) {
  InterestFilter filter;
  filter.add_all();
  filter.add_all();
  filter.remove_all();
  EXPECT_TRUE(filter.wants(TopicHash{12345}));
  filter.remove_all();
  EXPECT_FALSE(filter.wants(TopicHash{12345}));
}

TEST(InterestFilter, never_says_no_to_what_was_added) {
  InterestFilter filter;
  Random random(1);
  std::vector<TopicHash> kept;
  for (int round = 0; round < 20'000; ++round) {
    if (kept.size() < 2000 || random.chance(0.5)) {
      kept.push_back(TopicHash{random.next()});
      filter.add(kept.back());
    } else {
      const std::size_t victim = random.below(static_cast<uint32_t>(kept.size()));
      filter.remove(kept[victim]);
      kept[victim] = kept.back();
      kept.pop_back();
    }
    if (round % 1000 != 0) continue;
    for (const TopicHash topic : kept) ASSERT_TRUE(filter.wants(topic));
  }
  for (const TopicHash topic : kept) filter.remove(topic);
  for (uint32_t bit = 1; bit < InterestFilter::bits; ++bit) {
    ASSERT_FALSE(filter.wants(TopicHash{bit}));
  }
}

TEST(InterestFilterDeathTest, a_remove_without_an_add_is_stopped) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  InterestFilter filter;
  EXPECT_DEATH(filter.remove(TopicHash{3}), "counts_");
  EXPECT_DEATH(filter.remove_all(), "all_");
}

}  // namespace
}  // namespace fanfare
