// core/histogram.h: how durations are spread: fixed memory, 3 % error, mergeable.
//
// Thread: record() and merge() by the owner; everything else by any thread (it may see a record
// half counted). Memory: 9.2 KB. Buckets are log-linear: 32 of equal width in each doubling, so
// that a bucket is at most 1/32 of its value wide. Durations below zero count as zero, those above
// 18 minutes as the last bucket.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/time.h"

namespace fanfare {

class Histogram {
 public:
  void record(Duration value);
  void merge(const Histogram& other);
  void clear();

  uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  Duration sum() const { return Duration(sum_.load(std::memory_order_relaxed)); }
  Duration max() const { return Duration(max_.load(std::memory_order_relaxed)); }
  // The value that a share `q` (0..1) of the records does not exceed, at most 3 % too high; 0 if
  // empty.
  Duration quantile(double q) const;
  // How many records do not exceed `value` (within the error); for buckets of an exporter.
  uint64_t count_at_most(Duration value) const;

  static constexpr unsigned linear_bits = 5;
  static constexpr unsigned value_bits_max = 40;
  static constexpr std::size_t buckets = (value_bits_max - linear_bits + 1) << linear_bits;

 private:
  using Cell = std::atomic<uint64_t>;
  std::array<Cell, buckets> cells_{};
  Cell count_{0};
  std::atomic<int64_t> sum_{0};
  std::atomic<int64_t> max_{0};
};

}  // namespace fanfare
