// bench/load/loop.h: the generator's own event loop: level-triggered epoll, one thread, one system
// call for many sockets.
//
// Owned by: a workload, which outlives no Handler that it added.
#pragma once

#include <array>
#include <cstdint>

#include <sys/epoll.h>

#include "core/time.h"

namespace fanfare::bench {

class Handler {
 public:
  virtual ~Handler() = default;
  // May come once more after its descriptor has been closed in the same round.
  virtual void on_ready(uint32_t events) = 0;
};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void add(int descriptor, uint32_t events, Handler& handler);
  void change(int descriptor, uint32_t events, Handler& handler);
  // Waits for something to do, at most so long, and does it.
  void turn(Duration patience);

 private:
  static constexpr int batch_max = 256;

  int epoll_ = -1;
  std::array<epoll_event, batch_max> events_{};
};

// Turns until done() or the time is over; false: it was over.
template <class Done>
bool turn_until(Loop& loop, Instant until, Done&& done) {
  while (!done()) {
    const Duration left = until - monotonic_now();
    if (left <= Duration::zero()) return false;
    loop.turn(left < std::chrono::milliseconds(20) ? left
                                                   : Duration(std::chrono::milliseconds(20)));
  }
  return true;
}

}  // namespace fanfare::bench
