// tests/stress/sleeping_worker.h: the kernel's part of a worker, for stress tests: it sleeps until
// it is woken, and nothing else wakes it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace fanfare {

// As an eventfd: a wake-up is kept until the next sleep.
class Alarm {
 public:
  void wake() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    ringing_.notify_one();
  }
  // False: nobody woke it in time: a wake-up was lost.
  bool sleep(std::chrono::seconds at_most) {
    std::unique_lock lock(mutex_);
    const bool woken = ringing_.wait_for(lock, at_most, [this] { return rung_; });
    rung_ = false;
    return woken;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ringing_;
  bool rung_ = false;
};

}  // namespace fanfare
