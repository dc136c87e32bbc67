// bench/load/loop.cc: epoll.
#include "bench/load/loop.h"

#include <unistd.h>

#include "bench/load/flags.h"

namespace fanfare::bench {

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) fail("cannot make an epoll");
}

Loop::~Loop() {
  close(epoll_);
}

void Loop::add(int descriptor, uint32_t events, Handler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0)
    fail("epoll takes no more sockets");
}

void Loop::change(int descriptor, uint32_t events, Handler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
}

void Loop::turn(Duration patience) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  const int ready = epoll_wait(epoll_, events_.data(), batch_max, static_cast<int>(milliseconds));
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    static_cast<Handler*>(event.data.ptr)->on_ready(event.events);
  }
}

}  // namespace fanfare::bench
