// tests/broker/congestion_test.cc: a topic is congested while any worker has it marked.
#include "broker/congestion.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

constexpr TopicHash slow{5}, other{6};
constexpr TopicHash shares_a_bit{5 + CongestionMap::bits};

TEST(Congestion, nothing_is_congested_at_first) {
  const Congestion congestion(2);
  EXPECT_FALSE(congestion.congested(slow));
  EXPECT_EQ(congestion.marked_bits(), 0u);
}

TEST(Congestion, a_mark_of_any_worker_counts) {
  Congestion congestion(3);
  congestion.of(2).mark(CongestionMap::bit_of(slow));
  EXPECT_TRUE(congestion.congested(slow));
  EXPECT_FALSE(congestion.congested(other));
  EXPECT_TRUE(congestion.congested(shares_a_bit));  // coarse by design
  EXPECT_EQ(congestion.marked_bits(), 1u);
}

TEST(Congestion, it_ends_when_the_last_mark_of_the_last_worker_is_undone) {
  Congestion congestion(2);
  const uint32_t bit = CongestionMap::bit_of(slow);
  congestion.of(0).mark(bit);
  congestion.of(0).mark(bit);  // two feeds of one topic
  congestion.of(1).mark(bit);
  congestion.of(0).unmark(bit);
  congestion.of(1).unmark(bit);
  EXPECT_TRUE(congestion.congested(slow));
  congestion.of(0).unmark(bit);
  EXPECT_FALSE(congestion.congested(slow));
  EXPECT_EQ(congestion.marked_bits(), 0u);
}

TEST(Congestion, every_bit_is_its_own) {
  Congestion congestion(1);
  for (uint32_t bit = 0; bit < CongestionMap::bits; bit += 2) congestion.of(0).mark(bit);
  for (uint32_t bit = 0; bit < CongestionMap::bits; ++bit) {
    ASSERT_EQ(congestion.congested(TopicHash{bit}), bit % 2 == 0) << bit;
  }
  EXPECT_EQ(congestion.marked_bits(), CongestionMap::bits / 2);
}

TEST(CongestionDeathTest, an_unmark_without_a_mark_is_stopped) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  CongestionMap map;
  EXPECT_DEATH(map.unmark(3), "counts_");
  EXPECT_DEATH(map.mark(CongestionMap::bits), "bit < bits");
}

}  // namespace
}  // namespace fanfare
