// net/uring_ring.h: one io_uring with a table of direct descriptors and a pool of receive buffers:
// the door to liburing.
//
// Thread: made by any; used by one, the first that submits.   Owned by: UringEngine.
// Flags: SINGLE_ISSUER and DEFER_TASKRUN (completions are worked off in our own waits: 90k against
// 105k small requests a second without it), SUBMIT_ALL, and R_DISABLED until the first use, so that
// main may make the ring of another thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <liburing.h>

#include "core/bytes.h"
#include "core/time.h"

namespace fanfare {

class UringRing {
 public:
  static constexpr unsigned submissions = 256;
  static constexpr unsigned completions = 16'384;
  static constexpr unsigned buffers = 64;
  static constexpr std::size_t buffer_bytes = 16_KiB;
  static constexpr std::size_t buffer_stride =
      buffer_bytes + 64;  // readable bytes behind what was received
  static constexpr uint16_t buffer_group = 0;

  UringRing() = default;
  ~UringRing();
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;

  int open(uint32_t files);  // errno, 0 if it can be used
  // For the thread that is going to use it.
  int enable();

  io_uring_sqe* sqe();  // never null: submits if the queue is full
  void submit();
  // Submits, and waits for a completion until then at most (past: not at all). What is complete is
  // in the queue afterwards.
  void wait(Instant now, Instant until);
  // Takes the completions that are there: fn(const io_uring_cqe&).
  template <class Fn>
  unsigned take(Fn&& fn) {
    unsigned head = 0, count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++count;
      fn(*cqe);
    }
    io_uring_cq_advance(&ring_, count);
    return count;
  }

  const std::byte* buffer(uint16_t id) const { return memory_.get() + id * buffer_stride; }
  void give_back_buffer(uint16_t id);

  // Puts a descriptor into the table. False: refused.
  bool put(uint32_t index, int descriptor);

 private:
  io_uring ring_{};
  bool open_ = false;
  bool enabled_ = false;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::size_t buffer_ring_bytes_ = 0;
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace fanfare
