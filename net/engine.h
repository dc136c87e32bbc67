// net/engine.h: a worker's door to the kernel: io_uring, epoll or simulated, one contract.
//
// Thread: its worker's, every verb but Waker::wake.   Owned by: Worker.
// Sleeps only in wait(). No callbacks: wait() returns what became ready, the worker acts on it in
// its own order. Sends are non-blocking and complete inside send(), like send(2): no buffer is ever
// pinned by the kernel and two sends of one socket are never in flight together
// (docs/ARCHITECTURE.md#engines has the measurements).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/bytes.h"
#include "core/time.h"
#include "net/address.h"

namespace fanfare {

class Listener;

// A place in an engine's table, chosen by the worker: index < capacity(). The generation tells two
// connections that used the same index apart; it is chosen by the worker too and rises with each
// use of the index.
struct Slot {
  uint32_t index = 0;
  uint32_t generation = 0;
  friend bool operator==(const Slot&, const Slot&) = default;
};

enum class Got : uint8_t {
  accepted,  // a connection now lives in `slot` (one that was offered); `peer` and `listener` are
             // set
  bytes,     // answer to want_bytes: at least one byte in `bytes`
  end,       // answer to want_bytes: the peer has finished sending (or `error` != 0: it is broken)
  writable,  // answer to want_writable
  hung_up,   // answer to want_hangup: the peer closed or reset; error is errno or 0
  closed,    // answer to close: the slot may be offered again
  woken,     // somebody called this engine's Waker (slot is meaningless); several wakes may come as
             // one
};

struct Ready {
  Got got{};
  Slot slot;
  int error = 0;  // errno, 0 if none
  Bytes bytes;    // Got::bytes; valid until the next wait(); 64 readable bytes follow it (simdjson)
  const SocketAddress* peer =
      nullptr;            // Got::accepted; valid until the next wait(); a Unix peer has no address
  uint32_t listener = 0;  // Got::accepted: Listener::id()
};

struct Send {
  Slot slot;
  Bytes bytes;     // not empty
  int result = 0;  // set by send(): bytes taken (may be short), or -errno; -EAGAIN: none taken, the
                   // socket is full
};

enum class CloseHow : uint8_t {
  now,  // what the kernel has taken is still delivered, if nothing unread is in the receive queue
  linger,  // stop sending, then discard what the peer still sends (bounded in time and bytes), then
           // close: for an answer given before the request was read to its end; a plain close would
           // reset and could eat the answer
  reset,   // abort: the peer sees a reset
};

// How any thread reaches a sleeping engine. Copyable handle; valid as long as its engine lives.
class Waker {
 public:
  virtual ~Waker() = default;
  // Makes the engine's current or next wait() return with Got::woken. Any thread.
  // Async-signal-safe.
  virtual void wake() = 0;
};

// A peer that takes nothing of what lies here for it for so long is gone. TCP_USER_TIMEOUT would
// say so too, but Linux (6.18) also ends readers with it that take all they can: once their window
// has been closed, the time runs on although bytes are acknowledged.
constexpr Duration unacknowledged_max = std::chrono::seconds(30);

class Engine {
 public:
  virtual ~Engine() = default;

  // Collects what became ready; sleeps until something is, or `until` has come, or a wake. until <=
  // now() polls. Returns at most `most` entries; what is not returned comes with the next call.
  // Advances now().
  virtual std::span<const Ready> wait(Instant until, unsigned most) = 0;

  // Tries every send once, in order; on return each `result` is set and no byte is referenced. At
  // most one entry a slot. Never raises SIGPIPE.
  virtual void send(std::span<Send> batch) = 0;

  // Starts accepting from the listener (must outlive the engine, or be unlisten()ed).
  virtual void listen(Listener& listener) = 0;
  // Stops accepting from it; connections that the kernel has already completed stay in its queue.
  virtual void unlisten(Listener& listener) = 0;
  // One connection may be accepted into `free`: its answer is Got::accepted with this slot. Nothing
  // offered, nothing accepted. The slot must be neither open nor already offered.
  virtual void offer(Slot free) = 0;

  virtual void want_bytes(Slot slot) = 0;     // one shot; silence after it is the back pressure
  virtual void want_writable(Slot slot) = 0;  // one shot
  virtual void want_hangup(Slot slot) = 0;    // one shot; not together with want_bytes
  virtual void close(Slot slot, CloseHow how) = 0;  // answered by Got::closed; nothing else of this
                                                    // slot arrives after close()

  // How many bytes that send() took the peer has not acknowledged; nothing if this kernel cannot
  // tell (io_uring before Linux 6.5: there the kernel itself ends a connection that acknowledges
  // nothing for unacknowledged_max).
  virtual std::optional<uint32_t> unacknowledged(Slot slot) = 0;

  // Moves a connection to another engine: release() gives back a plain descriptor that the caller
  // owns and frees the slot at once (no Got::closed), or -1 if this kernel cannot (then nothing
  // changed). Only while nothing is wanted of the slot.
  virtual int release(Slot slot) = 0;
  // Takes a descriptor given by another engine's release() into a free slot. False: the table
  // refused it (descriptor closed).
  virtual bool adopt(Slot slot, int descriptor) = 0;

  virtual std::shared_ptr<Waker> waker() = 0;
  virtual Instant now() const = 0;        // as of the last wait()
  virtual WallTime wall_now() const = 0;  // as of the last wait(); shown to people only
  virtual uint32_t capacity() const = 0;  // slots 0 .. capacity()-1
  virtual const char* name() const = 0;   // "io_uring", "epoll", "simulated"
};

}  // namespace fanfare
