// core/time.h: the two clocks. Instants order things and never jump; wall time is only for showing.
#pragma once

#include <chrono>
#include <cstdint>

namespace fanfare {

using Duration = std::chrono::nanoseconds;

// A point of the monotonic clock. Engines hand it out (Engine::now), so that a simulation owns
// time.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, Duration>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;

// Microseconds since 1970, UTC: what readers see as an event's time. May jump; nothing is scheduled
// by it.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

constexpr Instant never = Instant::max();

// Of this machine. Broker code takes time from its engine instead.
Instant monotonic_now();
WallTime wall_now();

}  // namespace fanfare
