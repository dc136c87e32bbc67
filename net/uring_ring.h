// net/uring_ring.h: one io_uring with its table of direct descriptors and its pool of receive
// buffers: the only door to liburing.
//
// Thread: made by any; used by one, the one that calls enable().   Owned by: UringEngine.
// SINGLE_ISSUER and DEFER_TASKRUN: completions are worked off in our own waits, 105k small requests
// a second against 90k without. R_DISABLED until enable(), so that main may make a worker's ring.
// Nothing is lost when the completion queue overflows: the kernel keeps the rest and next() goes on
// with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include <liburing.h>

#include "core/bytes.h"
#include "core/time.h"
#include "net/address.h"
#include "net/engine.h"

namespace fanfare {

enum class UringOp : uint8_t {
  receive,   // of a slot; the first four can be in flight together
  writable,  //
  hangup,    //
  close,     //
  accept,    // into a slot
  door,      // a client waits at a listener; its slot's generation is the door's number
  waker,
  send,    // from here on: the ring's own, never told
  call,    //
  cancel,  //
};

// What an operation is called from its submission to its completion. The generation keeps a late
// completion from being taken for one of the slot's next connection.
struct UringName {
  UringOp op{};
  Slot slot;  // index below 2^24
  friend bool operator==(const UringName&, const UringName&) = default;
};

struct UringDone {
  UringName name;
  int32_t result = 0;
  uint32_t flags = 0;
  bool goes_on() const { return (flags & IORING_CQE_F_MORE) != 0; }
  bool has_buffer() const { return (flags & IORING_CQE_F_BUFFER) != 0; }
  uint16_t buffer() const { return static_cast<uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT); }
};

class UringRing {
 public:
  static constexpr uint32_t files_max = 1U << 20;  // the kernel's

  UringRing() = default;
  ~UringRing();
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;

  int open(uint32_t files);  // errno; 0: it can be used
  int enable();              // by the thread that uses it from then on; errno

  // Queue one operation each; it begins with the next wait(), call or send. `index` is a place in
  // the table.
  void accept(int listener, SocketAddress& peer, socklen_t& peer_bytes, Slot into);
  void poll(Slot slot, UringOp name, unsigned events);
  void poll_in(int descriptor, UringName name);        // one shot
  void poll_in_often(int descriptor, UringName name);  // until a completion does not go on
  void receive(Slot slot);  // into a buffer that is chosen when bytes have come
  void close(Slot slot);
  void cancel(UringName name);  // answered by the completion of what is cancelled

  // Complete when they return; what else completes meanwhile is kept for next(). Results are
  // -errno.
  void send(std::span<Send> batch);
  int install(uint32_t index);  // a plain descriptor of the same socket; Linux 6.8
  int stop_sending(uint32_t index);
  int unacknowledged(uint32_t index);  // bytes that the peer has not acknowledged
  bool tells_unacknowledged();         // Linux 6.5
  int take_error(uint32_t index);      // of a socket that is broken: errno
  int close_now(uint32_t index);
  // Until the completion of `name` is kept for next().
  void await(UringName name);
  bool put(uint32_t index, int descriptor);  // false: the table refused it

  // Begins what is queued; waits, until then at most, for a completion. until <= now: collects.
  void wait(Instant now, Instant until);
  bool next(UringDone& done);
  // The kernel works off few completions at a time: there are more to be had without waiting.
  bool has_more() const;
  std::size_t kept() const { return kept_.size(); }

  const std::byte* buffer(uint16_t id) const { return memory_.get() + id * buffer_stride; }
  void give_back_buffer(uint16_t id);

 private:
  static constexpr unsigned submissions = 256;
  static constexpr unsigned sends_batch_max = 128;  // begun together: half a millisecond
  static constexpr unsigned completions = 16'384;
  static constexpr uint16_t buffers = 64;
  static constexpr std::size_t buffer_bytes = 16_KiB;
  static constexpr std::size_t buffer_stride = buffer_bytes + 64;  // readable behind what came
  static constexpr uint16_t buffer_group = 0;

  int make_buffers();
  io_uring_sqe* entry();  // submits if the queue is full
  int call(io_uring_sqe* sqe);
  void submit();
  void enter(unsigned completions_min);
  void collect();
  void try_all(std::span<Send> batch);

  std::unique_ptr<std::byte[]> memory_;  // outlives ring_, which the kernel writes from
  io_uring ring_{};
  bool open_ = false;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::deque<UringDone> kept_;  // collected, not yet taken by next()
  int called_ = 0;              // result of the last call()
  bool call_done_ = false;
  std::span<Send> trying_;  // the batch of sends that is in flight
  std::size_t untried_ = 0;
};

}  // namespace fanfare
