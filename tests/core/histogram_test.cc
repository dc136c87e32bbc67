// tests/core/histogram_test.cc: quantiles within 3 %, never too low; merging loses nothing.
#include "core/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/counter.h"
#include "core/random.h"

namespace fanfare {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

TEST(Histogram, is_empty_at_first) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.quantile(0.99), Duration(0));
  EXPECT_EQ(histogram.count_at_most(hours(1)), 0u);
}

TEST(Histogram, small_values_are_exact) {
  Histogram histogram;
  for (int ns = 1; ns <= 40; ++ns) histogram.record(Duration(ns));
  EXPECT_EQ(histogram.quantile(0.5), Duration(20));
  EXPECT_EQ(histogram.quantile(0.0), Duration(1));
  EXPECT_EQ(histogram.quantile(1.0), Duration(40));
  EXPECT_EQ(histogram.count_at_most(Duration(10)), 10u);
  EXPECT_EQ(histogram.sum(), Duration(820));
}

TEST(Histogram, one_value_is_every_quantile) {
  Histogram histogram;
  histogram.record(microseconds(1234));
  for (const double q : {0.0, 0.5, 0.999, 1.0}) {
    EXPECT_EQ(histogram.quantile(q), microseconds(1234));  // cut at the greatest seen
  }
}

TEST(Histogram, quantiles_are_at_most_three_percent_too_high_and_never_too_low) {
  Histogram histogram;
  Random random(3);
  std::vector<int64_t> values;
  for (int i = 0; i < 50'000; ++i) {
    const auto value = static_cast<int64_t>(random.next() >> (24 + random.below(36)));
    values.push_back(value);
    histogram.record(Duration(value));
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const auto rank = static_cast<std::size_t>(q * static_cast<double>(values.size()));
    const double exact = static_cast<double>(values[rank - 1]);
    const double told = static_cast<double>(histogram.quantile(q).count());
    EXPECT_GE(told, exact) << q;
    EXPECT_LE(told, exact * 1.032 + 1) << q;
  }
  EXPECT_EQ(histogram.max(), Duration(values.back()));
}

TEST(Histogram, every_power_of_two_and_its_neighbours_find_their_bucket) {
  for (unsigned bit = 0; bit < Histogram::value_bits_max; ++bit) {
    for (const int64_t off : {-1, 0, 1}) {
      const int64_t value = (int64_t{1} << bit) + off;
      Histogram histogram;
      histogram.record(Duration(value));
      histogram.record(hours(1));  // so that the answer is not cut at the greatest
      const double told = static_cast<double>(histogram.quantile(0.5).count());
      ASSERT_GE(told, static_cast<double>(value));
      ASSERT_LE(told, static_cast<double>(value) * (1 + 1.0 / 32) + 1);
    }
  }
}

TEST(Histogram, what_is_out_of_range_counts_at_the_ends) {
  Histogram histogram;
  histogram.record(Duration(-5));
  histogram.record(hours(1000));
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.count_at_most(Duration(0)), 1u);
  EXPECT_EQ(histogram.count_at_most(Duration(-1)), 0u);
  EXPECT_EQ(histogram.count_at_most(hours(2000)), 2u);
}

TEST(Histogram, merging_is_as_if_all_had_been_recorded_in_one) {
  Histogram one, two, both;
  Random random(4);
  for (int i = 0; i < 1000; ++i) {
    const Duration value(random.below(1'000'000));
    (i % 3 == 0 ? one : two).record(value);
    both.record(value);
  }
  one.merge(two);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.sum(), both.sum());
  EXPECT_EQ(one.max(), both.max());
  for (const double q : {0.1, 0.5, 0.9, 0.99}) EXPECT_EQ(one.quantile(q), both.quantile(q));
  one.clear();
  EXPECT_EQ(one.count(), 0u);
  EXPECT_EQ(one.quantile(0.5), Duration(0));
}

TEST(Counter, rises_and_a_gauge_falls_too) {
  Counter counter;
  counter.add(3);
  counter.add(4);
  EXPECT_EQ(counter.value(), 7u);
  Gauge gauge;
  gauge.add(3);
  gauge.add(-5);
  EXPECT_EQ(gauge.value(), -2);
  gauge.set(9);
  EXPECT_EQ(gauge.value(), 9);
}

}  // namespace
}  // namespace fanfare
