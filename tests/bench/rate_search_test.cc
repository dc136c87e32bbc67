// tests/bench/rate_search_test.cc: the highest rate is found from below, from above, and in spite
// of a bad moment.
#include "bench/suite/rate_search.h"

#include <gtest/gtest.h>

namespace fanfare::bench {
namespace {

struct Found {
  double highest = 0;
  int tries = 0;
};

Found search(double first, double limit, int bad_moment = -1) {
  RateSearch search(first);
  Found found;
  for (; const auto rate = search.next(); ++found.tries) {
    search.tell(*rate <= limit && found.tries != bad_moment);
    if (found.tries > 100) ADD_FAILURE() << "it does not end";
    if (found.tries > 100) break;
  }
  found.highest = search.highest();
  return found;
}

TEST(RateSearch, finds_the_limit_to_five_percent) {
  for (const double limit : {50.0, 51.0, 740.0, 99'000.0}) {
    const Found found = search(50, limit);
    EXPECT_LE(found.highest, limit);
    EXPECT_GE(found.highest * 1.05, limit);
  }
}

TEST(RateSearch, goes_down_when_the_first_rate_is_too_high) {
  const Found found = search(1'000, 70);
  EXPECT_LE(found.highest, 70);
  EXPECT_GE(found.highest * 1.05, 70);
}

TEST(RateSearch, one_bad_moment_is_tried_again) {
  for (int moment = 0; moment < 8; ++moment) {
    EXPECT_EQ(search(50, 740, moment).highest, search(50, 740).highest) << moment;
  }
}

TEST(RateSearch, gives_up_where_nothing_is_good) {
  const Found found = search(50, 0);
  EXPECT_EQ(found.highest, 0);
  EXPECT_LE(found.tries, 14);
}

TEST(RateSearch, needs_few_tries) {
  EXPECT_LE(search(50, 740).tries, 14);
}

}  // namespace
}  // namespace fanfare::bench
