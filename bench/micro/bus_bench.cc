// bench/micro/bus_bench.cc: what an event costs on the bus, a message in a mailbox, a timer in the
// wheel: one thread, no contention, warm.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "bench/micro/weightless.h"
#include "broker/bus.h"
#include "broker/interest_filter.h"
#include "broker/sleepers.h"
#include "core/histogram.h"
#include "core/mailbox.h"
#include "core/timer_wheel.h"

namespace fanfare {
namespace {

// Claim, release, look at the sleepers, read and advance: the bus's whole share of an event.
void bus_event(benchmark::State& state) {
  const auto batch = static_cast<uint32_t>(state.range(0));
  const auto workers = static_cast<unsigned>(state.range(1));
  BusOptions options;
  options.workers = workers;
  BasicBus<Weightless> bus(options);
  Sleepers sleepers;
  const std::vector<InterestFilter> filters(workers);
  const Weightless event{};
  const std::array<TopicHash, 1> topics{TopicHash{7}};
  std::vector<BasicBus<Weightless>::Entry> entries(256);
  for (auto _ : state) {
    const auto first = bus.claim(batch, uint64_t{batch} * event.bytes());
    for (uint32_t i = 0; i < batch; ++i) bus.release(first->plus(i), &event, topics[0]);
    wake_readers(sleepers, bus, std::span<const InterestFilter>(filters), topics, [](unsigned) {});
    for (unsigned worker = 0; worker < workers; ++worker) {
      const std::size_t n = bus.read(worker, entries);
      bus.advance(worker, entries[n - 1].number);
    }
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(bus_event)->ArgNames({"batch", "workers"})->Args({1, 1})->Args({32, 1})->Args({32, 4});

void mailbox_message(benchmark::State& state) {
  Mailbox<uint64_t> mailbox;
  const auto batch = static_cast<uint64_t>(state.range(0));
  uint64_t sum = 0;
  for (auto _ : state) {
    for (uint64_t i = 0; i < batch; ++i) mailbox.push(i);
    mailbox.take_all([&](uint64_t message) { sum += message; });
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(mailbox_message)->ArgName("batch")->Arg(1)->Arg(32);

// A stream's heartbeat: fires, is looked at, is scheduled again.
void wheel_timer(benchmark::State& state) {
  const auto timers = static_cast<uint32_t>(state.range(0));
  Instant now{};
  TimerWheel wheel(now);
  for (uint32_t slot = 0; slot < timers; ++slot) {
    wheel.schedule(slot, now + std::chrono::milliseconds(slot % 15'000));
  }
  std::size_t fired = 0;
  for (auto _ : state) {
    now += TimerWheel::tick;
    const auto again = [&](uint32_t slot) { wheel.schedule(slot, now + std::chrono::seconds(15)); };
    fired += wheel.expire(now, again, timers);
  }
  state.SetItemsProcessed(static_cast<int64_t>(fired));
}
BENCHMARK(wheel_timer)->ArgName("timers")->Arg(10'000)->Arg(100'000);

void histogram_record(benchmark::State& state) {
  Histogram histogram;
  int64_t ns = 1;
  for (auto _ : state) {
    histogram.record(Duration(ns));
    ns = (ns * 7 + 3) & 0xffffff;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(histogram_record);

}  // namespace
}  // namespace fanfare
