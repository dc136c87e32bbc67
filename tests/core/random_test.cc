// tests/core/random_test.cc: the same seed gives the same numbers, and they are spread evenly.
#include "core/random.h"

#include <gtest/gtest.h>

#include <array>

namespace fanfare {
namespace {

TEST(Random, a_seed_gives_the_same_numbers_everywhere) {
  Random one(42), same(42), other(43);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(one.next(), same.next());
  EXPECT_NE(one.next(), other.next());
}

// SplitMix64 of 0 begins with e220a8397b1dcdaf (the published test value), 6e789e6aa1b965f4, ...;
// the first number of xoshiro256** depends on the second word alone.
TEST(Random, begins_as_its_algorithm_says) {
  Random random(0);
  EXPECT_EQ(random.next(), std::rotl(uint64_t{0x6e789e6aa1b965f4} * 5, 7) * 9);
}

TEST(Random, below_reaches_every_value_and_no_other) {
  Random random(1);
  std::array<int, 10> seen{};
  for (int i = 0; i < 100'000; ++i) ++seen.at(random.below(10));
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, fractions_lie_between_zero_and_one) {
  Random random(2);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.fraction();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
    sum += x;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
}

TEST(Random, jitter_stays_within_its_share) {
  Random random(3);
  Duration least = Duration::max(), most{0};
  for (int i = 0; i < 10'000; ++i) {
    const Duration value = random.jitter(std::chrono::seconds(10), 0.2);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_GE(least, std::chrono::seconds(8));
  EXPECT_LT(least, std::chrono::milliseconds(8050));
  EXPECT_LE(most, std::chrono::seconds(12));
  EXPECT_GT(most, std::chrono::milliseconds(11950));
  EXPECT_EQ(random.jitter(std::chrono::seconds(10), 0), std::chrono::seconds(10));
}

}  // namespace
}  // namespace fanfare
