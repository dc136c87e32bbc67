// net/eventfd_waker.h: a Waker that writes to an eventfd, which its engine watches beside its
// sockets.
//
// Thread: any.   Shared by the engine and whoever wakes it, so that a late wake() writes to nothing
// foreign.
#pragma once

#include <cerrno>
#include <cstdint>

#include <sys/eventfd.h>
#include <unistd.h>

#include "net/engine.h"

namespace fanfare {

class EventfdWaker final : public Waker {
 public:
  EventfdWaker() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~EventfdWaker() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  EventfdWaker(const EventfdWaker&) = delete;
  EventfdWaker& operator=(const EventfdWaker&) = delete;

  void wake() override {
    const int saved = errno;  // a signal handler may call
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
    errno = saved;
  }

  int descriptor() const { return descriptor_; }  // -1: there was none to be had

 private:
  const int descriptor_;
};

}  // namespace fanfare
