// broker/interest_filter.h: what one worker wants, so coarse that any thread may ask before it
// wakes that worker.
//
// Thread: add and remove by its worker; wants() by any.   Owned by: the server, one for each
// worker. 4,096 bits by topic hash, and a count that means "everything" (patterns). It may say yes
// wrongly (a wake-up for nothing), never no wrongly. It only saves wake-ups: a worker that is awake
// reads the whole bus.
//
// The race with a new subscription: its worker adds the interest FIRST and reads the bus tail P
// AFTERWARDS (both seq_cst). A publisher that claims a number above P does so after that read, so
// its look at the filter, which comes after its release, finds the bit. What is numbered P or below
// is not live for the subscription.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "broker/topic_hash.h"
#include "core/cache_line.h"
#include "core/check.h"

namespace fanfare {

// In a bus slot: the event has several topics, so every worker looks inside, and is woken.
constexpr TopicHash any_topic{0};

class InterestFilter {
 public:
  static constexpr uint32_t bits = 4096;
  static uint32_t bit_of(TopicHash hash) { return static_cast<uint32_t>(hash) % bits; }

  InterestFilter() = default;
  InterestFilter(const InterestFilter&) = delete;
  InterestFilter& operator=(const InterestFilter&) = delete;

  // Each add is undone by one remove.
  void add(TopicHash hash) {
    const uint32_t bit = bit_of(hash);
    if (counts_[bit]++ == 0) words_[bit / 64].fetch_or(mask_of(bit));
  }
  void remove(TopicHash hash) {
    const uint32_t bit = bit_of(hash);
    CHECK_LT(0u, counts_[bit]);
    if (--counts_[bit] == 0) words_[bit / 64].fetch_and(~mask_of(bit));
  }
  void add_all() { all_.fetch_add(1); }
  void remove_all() { CHECK_LT(0u, all_.fetch_sub(1)); }

  bool wants(TopicHash hash) const {
    if (hash == any_topic || all_.load() != 0) return true;
    const uint32_t bit = bit_of(hash);
    return (words_[bit / 64].load() & mask_of(bit)) != 0;
  }

 private:
  static uint64_t mask_of(uint32_t bit) { return uint64_t{1} << (bit % 64); }

  // Read by all.
  alignas(cache_line_bytes) std::atomic<uint32_t> all_{0};
  alignas(cache_line_bytes) std::array<std::atomic<uint64_t>, bits / 64> words_{};
  // Owned by the worker.
  alignas(cache_line_bytes) std::array<uint32_t, bits> counts_{};
};

}  // namespace fanfare
