// tests/core/timer_wheel_test.cc: never early, at most one tick late, whatever the order; against a
// plain map as the oracle.
#include "core/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "core/random.h"

namespace fanfare {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t any_number = 1'000'000;
const Instant start = Instant(hours(5));

std::vector<uint32_t> fired(TimerWheel& wheel, Instant now, std::size_t most = any_number) {
  std::vector<uint32_t> slots;
  wheel.expire(
      now, [&](uint32_t slot) { slots.push_back(slot); }, most);
  return slots;
}
using Slots = std::vector<uint32_t>;

TEST(TimerWheel, fires_at_its_time_and_not_before) {
  TimerWheel wheel(start);
  wheel.schedule(7, start + seconds(10));
  EXPECT_TRUE(fired(wheel, start + seconds(10) - milliseconds(1)).empty());
  EXPECT_TRUE(wheel.is_scheduled(7));
  EXPECT_EQ(fired(wheel, start + seconds(10)), (Slots{7}));
  EXPECT_FALSE(wheel.is_scheduled(7));
  EXPECT_TRUE(fired(wheel, start + seconds(600)).empty());
}

TEST(TimerWheel, a_time_between_ticks_fires_at_the_tick_after) {
  TimerWheel wheel(start);
  wheel.schedule(1, start + milliseconds(260));
  EXPECT_TRUE(fired(wheel, start + milliseconds(499)).empty());
  EXPECT_EQ(fired(wheel, start + milliseconds(500)), (Slots{1}));
}

TEST(TimerWheel, the_past_fires_at_the_next_tick) {
  TimerWheel wheel(start);
  fired(wheel, start + seconds(30));
  wheel.schedule(1, start);
  wheel.schedule(2, start - seconds(1));
  EXPECT_TRUE(fired(wheel, start + seconds(30)).empty());
  EXPECT_EQ(fired(wheel, start + seconds(30) + TimerWheel::tick).size(), 2u);
}

TEST(TimerWheel, a_second_schedule_takes_the_place_of_the_first) {
  TimerWheel wheel(start);
  wheel.schedule(3, start + seconds(1));
  wheel.schedule(3, start + seconds(5));
  EXPECT_EQ(wheel.scheduled(), 1u);
  EXPECT_TRUE(fired(wheel, start + seconds(4)).empty());
  EXPECT_EQ(fired(wheel, start + seconds(5)), (Slots{3}));
}

TEST(TimerWheel, a_cancelled_timer_does_not_fire) {
  TimerWheel wheel(start);
  for (uint32_t slot = 0; slot < 3; ++slot) wheel.schedule(slot, start + seconds(1));
  wheel.cancel(1);
  wheel.cancel(1);
  wheel.cancel(1'000'000);  // never seen
  EXPECT_EQ(wheel.scheduled(), 2u);
  const Slots slots = fired(wheel, start + seconds(2));
  EXPECT_EQ(std::set<uint32_t>(slots.begin(), slots.end()), (std::set<uint32_t>{0, 2}));
}

TEST(TimerWheel, hours_go_round_many_times) {
  TimerWheel wheel(start);
  wheel.schedule(9, start + hours(3));
  Instant now = start;
  while (now < start + hours(3) - seconds(1)) {
    now =
        std::min(std::max(wheel.next_due(), now + TimerWheel::tick), start + hours(3) - seconds(1));
    ASSERT_TRUE(fired(wheel, now).empty());
  }
  EXPECT_EQ(fired(wheel, start + hours(3)), (Slots{9}));
}

TEST(TimerWheel, next_due_is_never_late) {
  TimerWheel wheel(start);
  EXPECT_EQ(wheel.next_due(), never);
  wheel.schedule(1, start + seconds(17));
  EXPECT_EQ(wheel.next_due(), start + seconds(17));
  wheel.schedule(2, start + seconds(3));
  EXPECT_EQ(wheel.next_due(), start + seconds(3));
  wheel.cancel(2);
  EXPECT_EQ(wheel.next_due(), start + seconds(17));
  fired(wheel, start + seconds(17));
  EXPECT_EQ(wheel.next_due(), never);
}

TEST(TimerWheel, never_is_a_time_too) {
  TimerWheel wheel(start);
  wheel.schedule(1, never);
  EXPECT_TRUE(fired(wheel, start + hours(24)).empty());
  EXPECT_TRUE(wheel.is_scheduled(1));
}

TEST(TimerWheel, a_storm_comes_in_portions) {
  TimerWheel wheel(start);
  for (uint32_t slot = 0; slot < 100; ++slot) wheel.schedule(slot, start + seconds(1));
  const Instant now = start + seconds(2);
  std::set<uint32_t> seen;
  for (int portion = 0; portion < 10; ++portion) {
    EXPECT_LE(wheel.next_due(), now);
    for (const uint32_t slot : fired(wheel, now, 10)) EXPECT_TRUE(seen.insert(slot).second);
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(portion + 1) * 10);
  }
  EXPECT_EQ(wheel.scheduled(), 0u);
}

TEST(TimerWheel, a_call_may_schedule_and_cancel_any_slot) {
  TimerWheel wheel(start);
  for (uint32_t slot = 0; slot < 3; ++slot) wheel.schedule(slot, start + seconds(1));
  Slots order;
  wheel.expire(
      start + seconds(1),
      [&](uint32_t slot) {
        order.push_back(slot);
        wheel.schedule(slot, start + seconds(9));                       // itself, again
        if (order.size() == 1) wheel.cancel(slot == 0 ? 1 : slot - 1);  // one that waits beside it
      },
      any_number);
  EXPECT_EQ(order.size(), 2u);
  EXPECT_EQ(wheel.scheduled(), 2u);
  EXPECT_EQ(fired(wheel, start + seconds(9)).size(), 2u);
}

TEST(TimerWheel, behaves_as_a_plain_map_does) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    TimerWheel wheel(start);
    std::map<uint32_t, Instant> oracle;
    Instant now = start;
    for (int step = 0; step < 3000; ++step) {
      const uint32_t slot = random.below(3000);
      if (random.chance(0.2)) {
        wheel.cancel(slot);
        oracle.erase(slot);
      } else {
        const uint32_t span_ms = random.chance(0.1) ? 2'000'000 : 60'000;
        const Instant due = now + milliseconds(random.below(span_ms));
        wheel.schedule(slot, due);
        oracle[slot] = due;
      }
      ASSERT_EQ(wheel.scheduled(), oracle.size());
      if (!random.chance(0.05)) continue;
      const auto first = std::min_element(oracle.begin(), oracle.end(),
                                          [](auto& a, auto& b) { return a.second < b.second; });
      if (first != oracle.end()) {
        ASSERT_LE(wheel.next_due(), std::max(now, first->second) + TimerWheel::tick);
      }
      now += milliseconds(random.below(random.chance(0.05) ? 900'000 : 3000));
      for (const uint32_t gone : fired(wheel, now)) {
        ASSERT_TRUE(oracle.contains(gone));
        ASSERT_LE(oracle[gone], now);  // not early
        oracle.erase(gone);
      }
      for (const auto& [left, due] : oracle) {
        ASSERT_GT(due + TimerWheel::tick, now) << "slot " << left << " is late";
      }
    }
  }
}

}  // namespace
}  // namespace fanfare
