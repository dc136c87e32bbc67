// bench/micro/bus_threads_bench.cc: the bus between 2 to 16 threads, and what it costs to wake
// them.
//
// Threads beyond the machine's cores take turns, as workers of a container with a small quota do:
// what is to be seen there is that nothing collapses. Wall-clock time, of one publisher.
#include <benchmark/benchmark.h>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <deque>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "bench/micro/weightless.h"
#include "broker/bus.h"
#include "broker/interest_filter.h"
#include "broker/sleepers.h"
#include "core/mailbox.h"
#include "net/eventfd_waker.h"

namespace fanfare {
namespace {

using TestBus = BasicBus<Weightless>;

constexpr std::array<TopicHash, 1> topics{TopicHash{7}};

// As many workers as the bus has: the first is the thread that publishes, the others sleep on
// eventfds while there is nothing to read.
class Crowd {
 public:
  explicit Crowd(unsigned workers) : bus_(options(workers)), filters_(workers), wakers_(workers) {
    for (InterestFilter& filter : filters_) filter.add_all();
    for (unsigned worker = 1; worker < workers; ++worker) {
      threads_.emplace_back([this, worker] { work(worker); });
    }
  }
  ~Crowd() {
    ending_.store(true);
    for (EventfdWaker& waker : wakers_) waker.wake();
    for (std::thread& thread : threads_) thread.join();
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void publish(uint32_t batch) {
    const auto wake = [this](unsigned worker) { wakers_[worker].wake(); };
    std::optional<RingIndex> first;
    while (!(first = bus_.claim(batch, uint64_t{batch} * event_.bytes()))) {
      wake_laggards(sleepers_, bus_, wake);
      read(0);
      std::this_thread::yield();
    }
    for (uint32_t i = 0; i < batch; ++i) bus_.release(first->plus(i), &event_, topics[0]);
    wake_readers(sleepers_, bus_, std::span<const InterestFilter>(filters_), topics, wake);
    read(0);
  }
  void wait_until_all_sleep() const {
    while (sleepers_.count() < threads_.size()) std::this_thread::yield();
  }

 private:
  static BusOptions options(unsigned workers) {
    BusOptions options;
    options.workers = workers;
    return options;
  }

  std::size_t read(unsigned worker) {
    std::array<TestBus::Entry, 256> entries;
    const std::size_t count = bus_.read(worker, entries);
    if (count > 0) bus_.advance(worker, entries[count - 1].number);
    return count;
  }

  void work(unsigned worker) {
    while (!ending_.load(std::memory_order_relaxed)) {
      if (read(worker) > 0) continue;
      if (!sleepers_.lie_down(worker, bus_, mailbox_)) continue;
      pollfd waits{wakers_[worker].descriptor(), POLLIN, 0};
      poll(&waits, 1, -1);
      uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(waits.fd, &count, sizeof count);
      sleepers_.get_up(worker);
    }
  }

  TestBus bus_;
  Sleepers sleepers_;
  std::vector<InterestFilter> filters_;
  std::deque<EventfdWaker> wakers_;
  const Mailbox<int> mailbox_;
  const Weightless event_{};
  std::atomic<bool> ending_{false};
  std::vector<std::thread> threads_;
};

// Every worker reads every event; 32 at a time are published, as a busy worker's turn does.
void bus_to_threads(benchmark::State& state) {
  Crowd crowd(static_cast<unsigned>(state.range(0)));
  for (auto _ : state) crowd.publish(32);
  crowd.wait_until_all_sleep();
  state.SetItemsProcessed(state.iterations() * 32);
}
BENCHMARK(bus_to_threads)->ArgName("threads")->Arg(2)->Arg(4)->Arg(8)->Arg(16)->UseRealTime();

// One event wakes all the others, who read it and lie down again.
void wake_threads(benchmark::State& state) {
  Crowd crowd(static_cast<unsigned>(state.range(0)));
  crowd.wait_until_all_sleep();
  for (auto _ : state) {
    crowd.publish(1);
    crowd.wait_until_all_sleep();
  }
}
BENCHMARK(wake_threads)->ArgName("threads")->Arg(2)->Arg(4)->Arg(8)->Arg(16)->UseRealTime();

}  // namespace
}  // namespace fanfare
