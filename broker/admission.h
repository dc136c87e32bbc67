// broker/admission.h: limits that all workers share: streams in all, per client address and per
// second; publish rates.
//
// Thread: any; atomics. Counts per address are kept in a small table of counters indexed by several
// hashes of the address (a count-min sketch: Cormode and Muthukrishnan, 2005): an address may be
// counted too high when all of its counters collide with others, never too low.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/time.h"

namespace fanfare {

// A rate as a generic cell rate algorithm (ITU-T I.371): one atomic holds when the next permit is
// due.
class RateLimit {
 public:
  // Up to `per_second`, with bursts of one second's worth. 0: no limit. `count` permits at once.
  bool take(Instant now, uint32_t per_second, uint32_t count = 1);

 private:
  std::atomic<int64_t> due_ns_{0};
};

class Admission {
 public:
  struct Limits {
    uint64_t streams_max = 0;  // 0: no limit
    uint32_t streams_per_client_max = 0;
    uint32_t new_streams_per_second = 0;
    uint32_t publish_rate = 0;  // events a second and publisher
  };
  enum class Verdict : uint8_t { admitted, too_many, too_many_of_client, too_fast };

  Verdict admit_stream(const Limits& limits, uint64_t client, Instant now);
  // What was admitted has closed.
  void release_stream(uint64_t client);
  bool admit_publish(const Limits& limits, uint64_t publisher, uint32_t events, Instant now);
  uint64_t streams() const { return streams_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t rows = 4, columns = 1u << 14;
  static std::size_t column(std::size_t row, uint64_t client);

  std::atomic<uint64_t> streams_{0};
  RateLimit new_streams_;
  std::array<std::array<std::atomic<uint32_t>, columns>, rows> per_client_{};
  std::array<RateLimit, columns> publishers_;
};

}  // namespace fanfare
