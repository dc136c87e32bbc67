// tests/bench/checker_test.cc: lost, twice and out of order are told apart.
#include "bench/suite/checker.h"

#include <gtest/gtest.h>

namespace fanfare::bench {
namespace {

TEST(Checker, a_stream_in_order_is_clean) {
  Checker checker(2, 2);
  for (uint32_t i = 0; i < 10; ++i) EXPECT_EQ(checker.see(1, 0, i), Seen::in_order);
  const uint32_t published[] = {10, 0};
  EXPECT_EQ(checker.behind(1, published), 0u);
  EXPECT_EQ(checker.behind(0, published), 10u);
  EXPECT_EQ(checker.holes() + checker.twice + checker.out_of_order, 0u);
}

TEST(Checker, sources_of_a_topic_have_no_order_among_each_other) {
  Checker checker(1, 2);
  EXPECT_EQ(checker.see(0, 1, 0), Seen::in_order);
  EXPECT_EQ(checker.see(0, 0, 0), Seen::in_order);
  EXPECT_EQ(checker.see(0, 1, 1), Seen::in_order);
}

TEST(Checker, what_is_passed_over_is_lost_until_it_comes) {
  Checker checker(1, 1);
  checker.see(0, 0, 0);
  EXPECT_EQ(checker.see(0, 0, 5), Seen::after_a_hole);
  EXPECT_EQ(checker.holes(), 4u);
  EXPECT_EQ(checker.see(0, 0, 3), Seen::late);
  EXPECT_EQ(checker.holes(), 3u);
  EXPECT_EQ(checker.see(0, 0, 3), Seen::twice);
  EXPECT_EQ(checker.see(0, 0, 1), Seen::late);
  EXPECT_EQ(checker.see(0, 0, 2), Seen::late);
  EXPECT_EQ(checker.see(0, 0, 4), Seen::late);
  EXPECT_EQ(checker.holes(), 0u);
  EXPECT_EQ(checker.out_of_order, 4u);
  EXPECT_EQ(checker.twice, 1u);
}

TEST(Checker, an_event_seen_again_is_twice) {
  Checker checker(1, 1);
  for (uint32_t i = 0; i < 3; ++i) checker.see(0, 0, i);
  EXPECT_EQ(checker.see(0, 0, 0), Seen::twice);
  EXPECT_EQ(checker.see(0, 0, 2), Seen::twice);
  EXPECT_EQ(checker.twice, 2u);
}

TEST(Checker, holes_of_one_stream_are_not_filled_by_another) {
  Checker checker(2, 1);
  checker.see(0, 0, 4);
  for (uint32_t i = 0; i < 5; ++i) checker.see(1, 0, i);
  EXPECT_EQ(checker.see(1, 0, 2), Seen::twice);
  EXPECT_EQ(checker.holes(), 4u);
}

TEST(Checker, a_stream_that_comes_late_begins_with_what_it_gets) {
  Checker checker(1, 1);
  checker.begin_anywhere(0);
  const uint32_t published[] = {100};
  EXPECT_EQ(checker.behind(0, published), 0u);
  EXPECT_EQ(checker.see(0, 0, 70), Seen::in_order);
  EXPECT_EQ(checker.see(0, 0, 71), Seen::in_order);
  EXPECT_EQ(checker.behind(0, published), 28u);
  EXPECT_EQ(checker.see(0, 0, 75), Seen::after_a_hole);
}

TEST(Checker, a_stream_given_up_counts_no_more) {
  Checker checker(2, 1);
  checker.see(0, 0, 10);
  checker.see(1, 0, 3);
  checker.give_up(0);
  const uint32_t published[] = {100};
  EXPECT_EQ(checker.holes(), 3u);
  EXPECT_EQ(checker.behind(0, published), 0u);
  checker.see(0, 0, 90);
  checker.see(0, 0, 50);
  EXPECT_EQ(checker.holes() + checker.twice + checker.out_of_order, 3u);
}

}  // namespace
}  // namespace fanfare::bench
