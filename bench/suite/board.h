// bench/suite/board.h: memory that the processes of a measurement share: what the conductor orders,
// and what each part has counted.
//
// Made before the parts are forked, mapped until the program ends. Every cell has one writer: the
// conductor writes orders, each part its own tally; all read all.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/suite/plan.h"
#include "core/histogram.h"
#include "core/time.h"

namespace fanfare::bench {

enum class Order : uint32_t {
  rest,     // streams are opened as targets say; nothing is published
  publish,  // by the current stage
  cut,      // streams are closed and stay so
  missed,   // a storm's events are published, with nobody there
  resume,   // and come back, with Last-Event-ID
  end
};

using Counter = std::atomic<uint64_t>;

// One writer: no locked instruction is needed.
inline void add_to(Counter& counter, uint64_t n = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}
inline uint64_t read(const Counter& counter) {
  return counter.load(std::memory_order_relaxed);
}

// By the stage in which an event was due, whenever it came.
struct StageTally {
  Histogram latency;  // due -> this receiver
  Histogram to_last;  // due -> the last of the topic's receivers
  Histogram publish;  // due -> the publisher's answer
  Counter deliveries{0};
};

struct PartTally {
  // Streams.
  std::atomic<uint32_t> target{0};  // by the conductor: so many shall be open
  Counter opened{0};                // and are
  Counter refused{0}, cut{0}, churned{0};
  Counter deliveries{0}, held_deliveries{0}, bytes{0}, reads{0};
  Counter holes{0}, twice{0}, out_of_order{0}, corrupt{0};
  Counter behind{0};          // events published and not seen; counted at rest
  Counter behind_serial{0};   // grows with each count
  char last_reason[80] = {};  // why a stream was refused or cut
  // Publishers.
  Counter posted{0}, accepted{0}, rejected{0}, unanswered{0};
  std::atomic<uint32_t> busy{0};  // events that wait for their answers
  Histogram late;  // how much later than due an idle publisher posted: ours, not theirs
  StageTally stages[stages_max];
};

struct OrderBoard {
  std::atomic<Order> order{Order::rest};
  std::atomic<uint32_t> stage{0};
  std::atomic<double> rate_scale{1};  // of the groups' rates
  std::atomic<uint32_t> serial{0};    // grows with each order
  std::atomic<int64_t> began_ns{0};
};

// How many of a topic's receivers have an event, over all parts.
class Completions {
 public:
  static constexpr std::size_t cells = 1u << 16;

  // True for the one that makes it `expected`.
  bool count(uint64_t event, uint32_t expected) {
    std::atomic<uint64_t>& cell = cells_[event * 0x9e3779b97f4a7c15u >> 48];
    const uint64_t key = event << 24;
    uint64_t seen = cell.load(std::memory_order_relaxed);
    while (true) {
      const bool same = (seen & ~uint64_t{count_mask}) == key;
      const uint64_t now = same ? seen + 1 : key + 1;
      if (cell.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
        return (now & count_mask) == expected;
      }
    }
  }

 private:
  static constexpr uint32_t count_mask = (1u << 24) - 1;
  std::atomic<uint64_t> cells_[cells] = {};
};

class Board {
 public:
  Board(const Plan& plan, std::size_t parts);

  OrderBoard& orders() { return *orders_; }
  std::span<PartTally> parts() { return parts_; }
  PartTally& part(std::size_t i) { return parts_[i]; }
  // Accepted events by topic * sources + source.
  uint32_t* published(std::size_t group) { return published_[group]; }
  Completions& completions(std::size_t group) { return completions_[group]; }

  void give(Order order, uint32_t stage = 0, double rate_scale = 1);
  uint64_t sum(Counter PartTally::*counter);

 private:
  OrderBoard* orders_;
  std::span<PartTally> parts_;
  std::span<Completions> completions_;
  std::vector<uint32_t*> published_;
};

}  // namespace fanfare::bench
