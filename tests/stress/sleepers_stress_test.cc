// tests/stress/sleepers_stress_test.cc: no wake-up is lost: publishers stop at random times, and
// every reader must still get all that it wants.
//
// A reader's sleep ends by a wake-up only; one that lacks an event for five seconds of silence has
// been forgotten. Run under TSan too. The proof for all interleavings is tests/model.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "broker/bus.h"
#include "broker/interest_filter.h"
#include "broker/sleepers.h"
#include "core/mailbox.h"
#include "core/random.h"
#include "tests/stress/sleeping_worker.h"

namespace fanfare {
namespace {

struct Immortal {
  void unref() const {}
  std::size_t bytes() const { return 1; }
};

// Reader i wants topic i + 1; every fourth event is for all.
class Dormitory {
 public:
  static constexpr unsigned readers = 3;
  static constexpr unsigned publishers = 2;

  Dormitory(uint64_t seed, uint32_t events, bool descheduled) : seed_(seed), events_(events) {
    BusOptions options;
    options.slots = 32;
    options.workers = readers;
    if (descheduled) {
      options.after_claim = [](RingIndex first, uint32_t) {
        if (first.value % 5 == 0) std::this_thread::yield();
      };
    }
    bus_.emplace(std::move(options));
    for (unsigned i = 0; i < readers; ++i) filters_[i].add(TopicHash{i + 1});
  }

  void run() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < readers; ++i) threads.emplace_back([this, i] { read(i); });
    for (unsigned i = 0; i < publishers; ++i) threads.emplace_back([this, i] { publish(i); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(forgotten_.load(), 0);
    for (unsigned i = 0; i < readers; ++i) EXPECT_EQ(got_[i].load(), sent_[i].load()) << i;
  }

 private:
  void publish(unsigned me) {
    Random random(seed_ * 100 + me);
    const auto wake = [this](unsigned worker) { alarms_[worker].wake(); };
    for (uint32_t left = events_; left > 0 && forgotten_.load() == 0;) {
      const uint32_t target = random.below(4);
      const TopicHash topic = target == 0 ? any_topic : TopicHash{target};
      const auto index = bus_->claim(1, 1);
      if (!index) {
        wake_laggards(sleepers_, *bus_, wake);
        std::this_thread::yield();
        continue;
      }
      for (unsigned i = 0; i < readers; ++i) {
        if (filters_[i].wants(topic)) sent_[i].fetch_add(1);
      }
      bus_->release(*index, &event_, topic);
      const std::array<TopicHash, 1> topics{topic};
      wake_readers(sleepers_, *bus_, std::span<const InterestFilter>(filters_), topics, wake);
      --left;
      if (random.below(8) == 0) std::this_thread::yield();  // lets readers fall asleep
      if (random.below(16) == 0) wait_until_all_have_all();
    }
    wait_until_all_have_all();
    // To each reader a message: it may go when it has one of each publisher and all its events.
    for (unsigned i = 0; i < readers; ++i) {
      if (mailboxes_[i].push(me)) sleepers_.wake_one(i, wake);
    }
  }

  // Nobody publishes meanwhile, or he ends up here too: no later wake-up hides one that was lost.
  void wait_until_all_have_all() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (unsigned i = 0; i < readers; ++i) {
      while (got_[i].load() < sent_[i].load() && forgotten_.load() == 0) {
        std::this_thread::yield();
        if (std::chrono::steady_clock::now() > deadline) forgotten_.fetch_add(1);
      }
    }
  }

  void read(unsigned me) {
    std::array<BasicBus<Immortal>::Entry, 8> entries;
    unsigned ended = 0;
    while (true) {
      ended += static_cast<unsigned>(mailboxes_[me].take_all([](unsigned) {}));
      const std::size_t n = bus_->read(me, entries);
      for (std::size_t i = 0; i < n; ++i) {
        if (filters_[me].wants(entries[i].topic)) got_[me].fetch_add(1);
      }
      if (n != 0) {
        bus_->advance(me, entries[n - 1].number);
        continue;
      }
      if (ended == publishers && got_[me].load() == sent_[me].load()) return drain(me);
      if (!sleepers_.lie_down(me, *bus_, mailboxes_[me])) continue;
      const bool woken = alarms_[me].sleep(std::chrono::seconds(10));
      sleepers_.get_up(me);
      if (!woken) forgotten_.fetch_add(1);
      if (forgotten_.load() != 0) return;
    }
  }

  // Until everyone has all: a worker that stops reading would hold up the others' publishers.
  void drain(unsigned me) {
    std::array<BasicBus<Immortal>::Entry, 8> entries;
    while (bus_->tail().value != uint64_t{publishers} * events_ || !bus_->is_at_tail(me)) {
      if (forgotten_.load() != 0) return;
      const std::size_t n = bus_->read(me, entries);
      if (n != 0) bus_->advance(me, entries[n - 1].number);
    }
  }

  const uint64_t seed_;
  const uint32_t events_;
  const Immortal event_{};
  std::optional<BasicBus<Immortal>> bus_;
  Sleepers sleepers_;
  std::array<InterestFilter, readers> filters_;
  std::array<Mailbox<unsigned>, readers> mailboxes_;
  std::array<Alarm, readers> alarms_;
  std::array<std::atomic<uint64_t>, readers> sent_{}, got_{};
  std::atomic<int> forgotten_{0};
};

TEST(SleepersStress, no_reader_is_forgotten) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Dormitory(seed, 500 + static_cast<uint32_t>(seed) * 37, false).run();
  }
}

TEST(SleepersStress, nor_when_claimers_are_descheduled_and_events_appear_out_of_order) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Dormitory(seed, 500 + static_cast<uint32_t>(seed) * 37, true).run();
  }
}

TEST(SleepersStress, short_runs_end_too) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Dormitory(seed, 1 + static_cast<uint32_t>(seed % 7), seed % 2 == 0).run();
  }
}

}  // namespace
}  // namespace fanfare
