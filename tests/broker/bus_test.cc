// tests/broker/bus_test.cc: the ring's arithmetic in one thread: no hole, no overwriting, each
// reference dropped once.
//
// Events here count what becomes of them. What several threads do to each other is in tests/stress.
#include "broker/bus.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <vector>

namespace fanfare {
namespace {

struct Counted {
  std::size_t size = 10;
  mutable int dropped = 0;
  void unref() const { ++dropped; }
  std::size_t bytes() const { return size; }
};
// Events are declared before their bus: it drops what it still holds when it ends.
using TestBus = BasicBus<Counted>;

constexpr TopicHash topic{7};

BusOptions options(uint32_t slots, unsigned workers = 1, uint64_t bytes_max = 1 << 20) {
  BusOptions made;
  made.slots = slots;
  made.workers = workers;
  made.bytes_max = bytes_max;
  return made;
}

void publish(TestBus& bus, const Counted& event) {
  const auto index = bus.claim(1, event.bytes());
  ASSERT_TRUE(index.has_value());
  bus.release(*index, &event, topic);
}

std::vector<uint64_t> numbers_read(TestBus& bus, unsigned worker, std::size_t most = 64) {
  std::vector<TestBus::Entry> entries(most);
  entries.resize(bus.read(worker, entries));
  std::vector<uint64_t> numbers;
  for (const auto& entry : entries) numbers.push_back(entry.number.value);
  return numbers;
}

TEST(Bus, numbers_begin_with_one_and_rise_by_one) {
  std::deque<Counted> events(3);
  TestBus bus(options(8));
  EXPECT_EQ(bus.tail(), EventNumber{0});
  for (const Counted& event : events) publish(bus, event);
  EXPECT_EQ(bus.tail(), EventNumber{3});
  EXPECT_EQ(numbers_read(bus, 0), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(bus.position(0), EventNumber{0});
}

TEST(Bus, reading_does_not_advance_and_advancing_does) {
  std::deque<Counted> events(3);
  TestBus bus(options(8));
  for (const Counted& event : events) publish(bus, event);
  EXPECT_EQ(numbers_read(bus, 0, 2), (std::vector<uint64_t>{1, 2}));
  bus.advance(0, EventNumber{2});
  EXPECT_EQ(numbers_read(bus, 0), (std::vector<uint64_t>{3}));
  EXPECT_FALSE(bus.is_at_tail(0));
  bus.advance(0, EventNumber{3});
  EXPECT_TRUE(numbers_read(bus, 0).empty());
  EXPECT_TRUE(bus.is_at_tail(0));
  bus.advance(0, EventNumber{3});  // again: nothing happens
  EXPECT_EQ(bus.used_slots(), 0u);
}

TEST(Bus, an_entry_carries_its_event_and_topic) {
  const Counted event;
  TestBus bus(options(8));
  const auto index = bus.claim(1, event.bytes());
  bus.release(*index, &event, TopicHash{42});
  std::array<TestBus::Entry, 1> entry;
  ASSERT_EQ(bus.read(0, entry), 1u);
  EXPECT_EQ(entry[0].event, &event);
  EXPECT_EQ(entry[0].topic, TopicHash{42});
  EXPECT_EQ(entry[0].number, number_of(*index));
}

TEST(Bus, a_full_ring_refuses_and_leaves_no_hole) {
  std::deque<Counted> events(5);
  TestBus bus(options(4));
  for (int i = 0; i < 4; ++i) publish(bus, events[static_cast<std::size_t>(i)]);
  EXPECT_FALSE(bus.claim(1, 10).has_value());
  EXPECT_EQ(bus.tail(), EventNumber{4});
  EXPECT_EQ(bus.bytes(), 40u);
  EXPECT_EQ(numbers_read(bus, 0), (std::vector<uint64_t>{1, 2, 3, 4}));
  bus.advance(0, EventNumber{1});
  publish(bus, events[4]);
  EXPECT_EQ(numbers_read(bus, 0), (std::vector<uint64_t>{2, 3, 4, 5}));
}

TEST(Bus, a_batch_gets_consecutive_slots_or_none) {
  std::deque<Counted> events(8);
  TestBus bus(options(8));
  publish(bus, events[0]);
  EXPECT_FALSE(bus.claim(8, 80).has_value());
  const auto first = bus.claim(7, 70);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->value, 1u);
  EXPECT_FALSE(bus.claim(1, 10).has_value());
  for (uint32_t i = 0; i < 7; ++i) bus.release(first->plus(i), &events[i + 1], topic);
  EXPECT_EQ(numbers_read(bus, 0).size(), 8u);
}

TEST(Bus, nobody_reads_past_a_slot_that_is_not_released) {
  std::deque<Counted> events(3);
  TestBus bus(options(8));
  const auto first = bus.claim(3, 30);
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(bus.has_next(0));
  EXPECT_FALSE(bus.is_at_tail(0));
  bus.release(first->plus(2), &events[2], topic);
  EXPECT_FALSE(bus.has_next(0));
  EXPECT_EQ(bus.unreleased().distance, 3u);
  EXPECT_EQ(bus.unreleased().oldest, EventNumber{1});
  bus.release(*first, &events[0], topic);
  EXPECT_EQ(numbers_read(bus, 0), (std::vector<uint64_t>{1}));
  EXPECT_EQ(bus.unreleased().distance, 2u);
  EXPECT_EQ(bus.unreleased().oldest, EventNumber{2});
  bus.release(first->plus(1), &events[1], topic);
  EXPECT_EQ(numbers_read(bus, 0), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(bus.unreleased().distance, 0u);
}

TEST(Bus, a_reference_is_dropped_once_when_the_slowest_worker_has_passed) {
  std::deque<Counted> events(2);
  TestBus bus(options(8, 3));
  for (const Counted& event : events) publish(bus, event);
  bus.advance(0, EventNumber{2});
  bus.advance(2, EventNumber{1});
  EXPECT_EQ(events[0].dropped, 0);
  EXPECT_EQ(bus.used_slots(), 2u);
  bus.advance(1, EventNumber{1});
  EXPECT_EQ(events[0].dropped, 1);
  EXPECT_EQ(events[1].dropped, 0);
  bus.advance(1, EventNumber{2});
  bus.advance(2, EventNumber{2});
  EXPECT_EQ(events[0].dropped, 1);
  EXPECT_EQ(events[1].dropped, 1);
  EXPECT_EQ(bus.bytes(), 0u);
}

TEST(Bus, the_ring_wraps_many_times) {
  std::deque<Counted> events(1000);
  TestBus bus(options(4, 2));
  uint64_t expected = 0;
  for (std::size_t i = 0; i < events.size(); i += 2) {
    const auto first = bus.claim(2, 20);
    ASSERT_TRUE(first.has_value());
    bus.release(*first, &events[i], topic);
    bus.release(first->plus(1), &events[i + 1], topic);
    for (unsigned worker = 0; worker < 2; ++worker) {
      ASSERT_EQ(numbers_read(bus, worker), (std::vector<uint64_t>{expected + 1, expected + 2}));
      bus.advance(worker, EventNumber{expected + 2});
    }
    expected += 2;
  }
  for (const Counted& event : events) ASSERT_EQ(event.dropped, 1);
}

TEST(Bus, the_byte_limit_refuses_and_recovers) {
  std::deque<Counted> events(3);
  TestBus bus(options(16, 1, 100));
  events[0].size = 60;
  events[1].size = 40;
  publish(bus, events[0]);
  EXPECT_FALSE(bus.claim(1, 41).has_value());
  EXPECT_EQ(bus.bytes(), 60u);
  publish(bus, events[1]);
  EXPECT_EQ(bus.bytes(), 100u);
  EXPECT_FALSE(bus.claim(1, 1).has_value());
  bus.advance(0, EventNumber{1});
  EXPECT_EQ(bus.bytes(), 40u);
  publish(bus, events[2]);
  EXPECT_EQ(bus.bytes(), 50u);
}

TEST(Bus, a_claim_refused_for_its_slots_gives_its_bytes_back) {
  std::deque<Counted> events(2);
  TestBus bus(options(2));
  for (const Counted& event : events) publish(bus, event);
  EXPECT_FALSE(bus.claim(2, 5000).has_value());
  EXPECT_EQ(bus.bytes(), 20u);
}

TEST(Bus, an_empty_bus_takes_an_event_larger_than_its_limit) {
  std::deque<Counted> events(2);
  TestBus bus(options(4, 1, 100));
  events[0].size = 500;
  publish(bus, events[0]);
  EXPECT_FALSE(bus.claim(1, 0).has_value());
  bus.advance(0, EventNumber{1});
  publish(bus, events[1]);
}

TEST(Bus, a_worker_lags_with_a_quarter_of_the_slots_or_of_the_bytes) {
  std::deque<Counted> events(6);
  TestBus bus(options(16, 2, 100));
  for (Counted& event : events) event.size = 5;
  for (std::size_t i = 0; i < 3; ++i) publish(bus, events[i]);
  EXPECT_FALSE(bus.is_lagging(0));
  publish(bus, events[3]);
  EXPECT_TRUE(bus.is_lagging(0));
  bus.advance(0, EventNumber{4});
  EXPECT_FALSE(bus.is_lagging(0));
  EXPECT_TRUE(bus.is_lagging(1));
  events[4].size = 30;
  publish(bus, events[4]);
  EXPECT_TRUE(bus.is_lagging(0));  // one event behind, but the bytes are a quarter
}

TEST(Bus, what_nobody_has_read_is_dropped_with_the_bus) {
  std::deque<Counted> events(3);
  {
    TestBus bus(options(4, 2));
    for (const Counted& event : events) publish(bus, event);
    bus.advance(0, EventNumber{2});
    bus.advance(1, EventNumber{1});
  }
  for (const Counted& event : events) EXPECT_EQ(event.dropped, 1);
}

TEST(Bus, sixty_four_workers_have_a_cursor_each) {
  const Counted event;
  TestBus bus(options(4, bus_workers_max));
  publish(bus, event);
  for (unsigned worker = 0; worker < bus_workers_max; ++worker) {
    EXPECT_EQ(event.dropped, 0);
    bus.advance(worker, EventNumber{1});
  }
  EXPECT_EQ(event.dropped, 1);
}

TEST(BusDeathTest, broken_callers_are_stopped) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(TestBus bus(options(6)), "has_single_bit");
  std::deque<Counted> events(6);
  TestBus bus(options(4));
  EXPECT_DEATH(static_cast<void>(bus.claim(0, 0)), "1u <= n");
  EXPECT_DEATH(static_cast<void>(bus.claim(5, 0)), "n <= ");
  EXPECT_DEATH(bus.advance(0, EventNumber{1}), "is_released");
  publish(bus, events[0]);
  EXPECT_DEATH(bus.release(RingIndex{0}, &events[0], topic), "released");  // twice
  bus.advance(0, EventNumber{1});
  EXPECT_DEATH(bus.advance(0, EventNumber{0}), "passed < to");
  // A slot of the next lap that nobody may have yet.
  EXPECT_DEATH(bus.release(RingIndex{8}, &events[0], topic), "released");
  EXPECT_DEATH(bus.release(RingIndex{5}, &events[0], topic), "released");
}

}  // namespace
}  // namespace fanfare
