// tests/stress/bus_stress_test.cc: publishers and readers on a tiny ring that wraps and fills all
// the time: every reader sees every number exactly once and in order, every event is freed exactly
// once.
//
// Readers and publishers spin (tests/stress/sleepers_stress_test.cc sleeps). Run under TSan too.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "broker/bus.h"
#include "core/random.h"

namespace fanfare {
namespace {

// What was published, and a number that the publisher wrote between claim and release.
struct Stamped {
  std::atomic<int>* freed = nullptr;
  unsigned publisher = 0;
  uint32_t serial = 0;
  uint64_t number = 0;
  std::size_t size = 0;
  uint64_t seal = 0;  // of the others: shows a torn or freed event

  uint64_t right_seal() const { return number * 31 + publisher * 7 + serial + size; }
  void unref() const {
    freed->fetch_add(1, std::memory_order_relaxed);
    const_cast<Stamped*>(this)->seal = 0;  // races with a reader that still looks: TSan would tell
    delete this;
  }
  std::size_t bytes() const { return size; }
};
using StampedBus = BasicBus<Stamped>;

struct Plan {
  uint32_t slots = 16;
  unsigned publishers = 2;
  unsigned readers = 2;
  uint32_t events = 20'000;  // of each publisher
  uint32_t batch_max = 8;
  uint64_t bytes_max = 1 << 20;
  bool descheduled = false;  // claimers lose the processor between claim and release
};

class Crowd {
 public:
  explicit Crowd(const Plan& plan) : plan_(plan), bus_(options()) {}

  void run() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < plan_.readers; ++i) threads.emplace_back([this, i] { read(i); });
    for (unsigned i = 0; i < plan_.publishers; ++i) threads.emplace_back([this, i] { publish(i); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(bus_.tail().value, total());
    EXPECT_EQ(bus_.used_slots(), 0u);
    EXPECT_EQ(bus_.bytes(), 0u);
    EXPECT_EQ(static_cast<uint64_t>(freed_.load()), total());
    EXPECT_EQ(wrong_.load(), 0);
    EXPECT_GT(refused_.load(), 0u);  // or the ring was never full and little was shown
  }

 private:
  uint64_t total() const { return uint64_t{plan_.publishers} * plan_.events; }

  BusOptions options() {
    BusOptions made;
    made.slots = plan_.slots;
    made.workers = plan_.readers;
    made.bytes_max = plan_.bytes_max;
    if (plan_.descheduled) {
      made.after_claim = [this](RingIndex first, uint32_t) {
        if (first.value % 3 == 0) std::this_thread::yield();
        if (first.value % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
        if (bus_.unreleased().distance == 0) wrong_.fetch_add(1);  // ours at least is open
      };
    }
    return made;
  }

  void publish(unsigned me) {
    Random random(me + 1);
    uint32_t serial = 0;
    while (serial < plan_.events) {
      const uint32_t n = std::min(1 + random.below(plan_.batch_max), plan_.events - serial);
      const std::size_t size = 1 + random.below(100);
      const auto first = bus_.claim(n, n * size);
      if (!first) {
        refused_.fetch_add(1, std::memory_order_relaxed);
        std::this_thread::yield();
        continue;
      }
      for (uint32_t i = 0; i < n; ++i, ++serial) {
        const RingIndex index = first->plus(i);
        auto* const event = new Stamped{&freed_, me, serial, number_of(index).value, size};
        event->seal = event->right_seal();
        bus_.release(index, event, TopicHash{event->number});
      }
    }
  }

  void read(unsigned me) {
    Random random(me + 100);
    std::vector<StampedBus::Entry> entries(plan_.slots);
    std::vector<uint32_t> next_serial(plan_.publishers, 0);
    uint64_t at = 0;
    while (at < total()) {
      const std::size_t most = 1 + random.below(plan_.slots);
      const std::size_t n = bus_.read(me, std::span(entries).first(most));
      for (std::size_t i = 0; i < n; ++i) check(entries[i], ++at, next_serial);
      if (n != 0) bus_.advance(me, EventNumber{at});
      if (n == 0 || random.below(64) == 0) std::this_thread::yield();
    }
    if (!bus_.is_at_tail(me)) wrong_.fetch_add(1);
  }

  void check(const StampedBus::Entry& entry, uint64_t expected, std::vector<uint32_t>& serials) {
    const Stamped& event = *entry.event;
    const bool right = entry.number.value == expected && event.number == expected &&
                       entry.topic == TopicHash{expected} && event.seal == event.right_seal() &&
                       event.serial == serials[event.publisher]++;
    if (!right) wrong_.fetch_add(1);
  }

  const Plan plan_;
  std::atomic<int> freed_{0}, wrong_{0};
  std::atomic<uint64_t> refused_{0};
  StampedBus bus_;
};

TEST(BusStress, every_reader_sees_every_number_once_and_in_order) {
  Crowd({}).run();
}

TEST(BusStress, the_smallest_ring_holds) {
  Plan plan;
  plan.slots = 1;
  plan.batch_max = 1;
  plan.events = 3'000;
  Crowd(plan).run();
}

TEST(BusStress, batches_as_large_as_the_ring_get_through) {
  Plan plan;
  plan.slots = 8;
  plan.batch_max = 8;
  plan.publishers = 3;
  plan.events = 10'000;
  Crowd(plan).run();
}

TEST(BusStress, many_readers_reclaim_each_reference_once) {
  Plan plan;
  plan.slots = 4;
  plan.batch_max = 3;
  plan.readers = 6;
  plan.events = 5'000;
  Crowd(plan).run();
}

TEST(BusStress, a_claimer_that_is_descheduled_delays_but_breaks_nothing) {
  Plan plan;
  plan.publishers = 3;
  plan.events = 8'000;
  plan.descheduled = true;
  Crowd(plan).run();
}

TEST(BusStress, the_byte_limit_holds_under_contention) {
  Plan plan;
  plan.slots = 64;
  plan.bytes_max = 300;
  plan.batch_max = 4;
  plan.events = 10'000;
  Crowd(plan).run();
}

}  // namespace
}  // namespace fanfare
