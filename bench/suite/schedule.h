// bench/suite/schedule.h: when each event of one publisher is due.
//
// A value. Each publisher has its own even share of the rate, and starts at its own place of the
// period, so that together they are even too. What is late stays due when it was: the time an event
// waited to be published counts as its latency.
#pragma once

#include <cstdint>

#include "core/time.h"

namespace fanfare::bench {

class Schedule {
 public:
  // `rate` events a second over all `publishers`; `each` of them at a time.
  Schedule(Instant begin, double rate, uint32_t publishers, uint32_t index, uint32_t each = 1)
      : begin_(begin),
        period_ns_(1e9 * each * publishers / rate),
        offset_ns_(period_ns_ * index / publishers) {}

  Instant due() const {
    return begin_ +
           Duration(static_cast<int64_t>(offset_ns_ + period_ns_ * static_cast<double>(taken_)));
  }
  void take() { ++taken_; }

 private:
  Instant begin_;
  double period_ns_, offset_ns_;
  uint64_t taken_ = 0;
};

}  // namespace fanfare::bench
