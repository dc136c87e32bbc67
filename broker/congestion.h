// broker/congestion.h: the topics whose readers cannot be reached fast enough, marked by each
// worker for all.
//
// Thread: mark and unmark by a map's own worker; congested() by any, before it claims on the bus.
// Owned by: the server. 4,096 bits by topic hash, so that a topic may wait for another that shares
// its bit. A look costs one load while nothing is marked anywhere. It is advice: a publish that
// passes just before the mark only adds to the debt, which the bus bounds.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>

#include "broker/topic_hash.h"
#include "core/cache_line.h"
#include "core/check.h"

namespace fanfare {

// One worker's marks.
class CongestionMap {
 public:
  static constexpr uint32_t bits = 4096;
  static uint32_t bit_of(TopicHash hash) { return static_cast<uint32_t>(hash) % bits; }

  // `marked`: how many bits are set in all maps together; may be null.
  explicit CongestionMap(std::atomic<uint32_t>* marked = nullptr) : marked_(marked) {}
  CongestionMap(const CongestionMap&) = delete;
  CongestionMap& operator=(const CongestionMap&) = delete;

  // Each mark is undone by one unmark.
  void mark(uint32_t bit) {
    CHECK_LT(bit, bits);
    if (counts_[bit]++ != 0) return;
    words_[bit / 64].fetch_or(mask_of(bit));
    if (marked_ != nullptr) marked_->fetch_add(1);
  }
  void unmark(uint32_t bit) {
    CHECK_LT(bit, bits);
    CHECK_LT(0u, counts_[bit]);
    if (--counts_[bit] != 0) return;
    words_[bit / 64].fetch_and(~mask_of(bit));
    if (marked_ != nullptr) marked_->fetch_sub(1);
  }

  bool is_marked(uint32_t bit) const {
    return (words_[bit / 64].load(std::memory_order_relaxed) & mask_of(bit)) != 0;
  }

 private:
  static uint64_t mask_of(uint32_t bit) { return uint64_t{1} << (bit % 64); }

  // Read by all.
  alignas(cache_line_bytes) std::array<std::atomic<uint64_t>, bits / 64> words_{};
  // Owned by the worker.
  alignas(cache_line_bytes) std::array<uint32_t, bits> counts_{};
  std::atomic<uint32_t>* const marked_;
};

// All workers' marks.
class Congestion {
 public:
  explicit Congestion(unsigned workers) {
    for (unsigned i = 0; i < workers; ++i) maps_.emplace_back(&marked_);
  }

  CongestionMap& of(unsigned worker) { return maps_[worker]; }

  bool congested(TopicHash hash) const {
    if (marked_.load(std::memory_order_relaxed) == 0) return false;
    const uint32_t bit = CongestionMap::bit_of(hash);
    for (const CongestionMap& map : maps_) {
      if (map.is_marked(bit)) return true;
    }
    return false;
  }
  uint32_t marked_bits() const { return marked_.load(std::memory_order_relaxed); }

 private:
  alignas(cache_line_bytes) std::atomic<uint32_t> marked_{0};
  std::deque<CongestionMap> maps_;  // they do not move
};

}  // namespace fanfare
