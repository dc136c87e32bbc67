// core/histogram.cc: which bucket a duration falls into, and what the buckets say together.
#include "core/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fanfare {
namespace {

constexpr unsigned linear_bits = Histogram::linear_bits;
constexpr uint64_t value_max = (uint64_t{1} << Histogram::value_bits_max) - 1;

uint64_t clamped(Duration value) {
  if (value.count() <= 0) return 0;
  return std::min(static_cast<uint64_t>(value.count()), value_max);
}

// Below 32 each value has its own bucket. Above, the leading 1 names the doubling and the five bits
// after it the bucket inside.
std::size_t bucket_of(uint64_t value) {
  if (value < (uint64_t{1} << linear_bits)) return value;
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - linear_bits - 1;
  return (std::size_t{shift} << linear_bits) + (value >> shift);
}

uint64_t highest_in(std::size_t bucket) {
  if (bucket < (std::size_t{2} << linear_bits)) return bucket;
  const std::size_t shift = (bucket >> linear_bits) - 1;
  const uint64_t lead = bucket - (shift << linear_bits);
  return ((lead + 1) << shift) - 1;
}

template <class Cell, class Value>
void add_to(Cell& cell, Value n) {
  cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

void Histogram::record(Duration value) {
  const uint64_t ns = clamped(value);
  const auto signed_ns = static_cast<int64_t>(ns);
  add_to(cells_[bucket_of(ns)], uint64_t{1});
  add_to(count_, uint64_t{1});
  add_to(sum_, signed_ns);
  if (signed_ns > max_.load(std::memory_order_relaxed)) {
    max_.store(signed_ns, std::memory_order_relaxed);
  }
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets; ++i) {
    const uint64_t n = other.cells_[i].load(std::memory_order_relaxed);
    if (n != 0) add_to(cells_[i], n);
  }
  add_to(count_, other.count());
  add_to(sum_, static_cast<int64_t>(other.sum().count()));
  max_.store(std::max(max(), other.max()).count(), std::memory_order_relaxed);
}

void Histogram::clear() {
  for (Cell& cell : cells_) cell.store(0, std::memory_order_relaxed);
  count_.store(0, std::memory_order_relaxed);
  sum_.store(0, std::memory_order_relaxed);
  max_.store(0, std::memory_order_relaxed);
}

Duration Histogram::quantile(double q) const {
  const uint64_t total = count();
  if (total == 0) return Duration(0);
  const double share = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(total));
  const uint64_t wanted = std::max<uint64_t>(1, static_cast<uint64_t>(share));
  uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += cells_[i].load(std::memory_order_relaxed);
    if (seen >= wanted) return std::min(Duration(highest_in(i)), max());
  }
  return max();
}

uint64_t Histogram::count_at_most(Duration value) const {
  if (value.count() < 0) return 0;
  const std::size_t last = bucket_of(clamped(value));
  uint64_t seen = 0;
  for (std::size_t i = 0; i <= last; ++i) seen += cells_[i].load(std::memory_order_relaxed);
  return seen;
}

}  // namespace fanfare
