// core/counter.h: numbers that one thread writes and any thread may read.
//
// Thread: writes by the owner only, reads by any; a reader sees some recent value, no order is
// promised. Costs its owner a plain load and store: no locked instruction.
#pragma once

#include <atomic>
#include <cstdint>

namespace fanfare {

// Only rises.
class Counter {
 public:
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  // To what its owner has counted elsewhere.
  void raise_to(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Rises and falls.
class Gauge {
 public:
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(int64_t n) { set(value() + n); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

}  // namespace fanfare
