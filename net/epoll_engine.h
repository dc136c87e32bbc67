// net/epoll_engine.h: the engine of every Linux: epoll for readiness, then plain recv, send,
// accept4.
//
// Thread: its worker's.   Owned by: Worker.
// Watching is lazy. What epoll watches is widened when it must be and narrowed when it has reported
// something that nobody wants: a request on an open connection costs no epoll_ctl at all, nor does
// its turn into a stream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <sys/epoll.h>

#include "core/result.h"
#include "net/engine.h"
#include "net/epoll_doors.h"
#include "net/eventfd_waker.h"

namespace fanfare {

class EpollEngine final : public Engine {
 public:
  explicit EpollEngine(uint32_t capacity);
  ~EpollEngine() override;
  int start();  // errno

  std::span<const Ready> wait(Instant until, unsigned most) override;
  void send(std::span<Send> batch) override;
  void listen(Listener& listener) override { doors_.add(listener); }
  void unlisten(Listener& listener) override { doors_.remove(listener); }
  void offer(Slot free) override;
  void want_bytes(Slot slot) override;
  void want_writable(Slot slot) override;
  void want_hangup(Slot slot) override;
  void close(Slot slot, CloseHow how) override;
  std::optional<uint32_t> unacknowledged(Slot slot) override;
  int release(Slot slot) override;
  bool adopt(Slot slot, int descriptor) override;
  std::shared_ptr<Waker> waker() override { return waker_; }
  Instant now() const override { return now_; }
  WallTime wall_now() const override { return wall_now_; }
  uint32_t capacity() const override { return static_cast<uint32_t>(places_.size()); }
  const char* name() const override { return "epoll"; }

 private:
  static constexpr unsigned batch_max = 512;               // answers of one wait()
  static constexpr unsigned accepts_batch_max = 64;        // bounds the addresses kept
  static constexpr std::size_t receive_bytes_min = 4_KiB;  // with less room, it waits for the next
  static constexpr std::size_t arena_bytes = 64_KiB;
  static constexpr std::size_t padding_bytes = 64;
  // The upper half of an event's number is a slot's generation, the lower its index or one of
  // these.
  static constexpr uint32_t waker_index = UINT32_MAX;
  static constexpr uint32_t door_index = UINT32_MAX - 1;

  enum class State : uint8_t { free, offered, open, lingering, closing };

  // What a slot costs here: tens of thousands of idle streams hold one each.
  struct Place {
    int descriptor = -1;
    uint32_t generation = 0;
    uint32_t drained_bytes = 0;  // while lingering
    State state = State::free;
    uint8_t wanted = 0;   // bits of Want
    uint8_t watched = 0;  // what epoll reports; holds `wanted` and maybe more
    uint8_t registered = 0;
  };
  static_assert(sizeof(Place) == 16);

  struct Lingering {
    Slot slot;
    Instant until;
  };
  struct Refusal {
    Slot slot;
    int error;
  };

  Place& open_place(Slot slot);
  Place& free_place(Slot slot);
  Ready& tell(Got got, Slot slot, int error = 0);
  bool full() const { return ready_.size() >= most_; }
  bool arena_spent() const { return arena_bytes - arena_used_ < receive_bytes_min; }

  void want(Slot slot, uint8_t what);
  int watch(Slot slot, Place& place, uint8_t watched);
  void forget(Place& place);
  void watch_less(Slot slot, Place& place, uint32_t events);

  void fetch(Instant until);
  int sleep(Duration left);
  void handle_fetched();
  bool handle(const epoll_event& event);
  bool answer(Slot slot, Place& place, uint32_t events);
  void receive(Slot slot, Place& place);
  void tell_refusals();
  void tell_closed();

  void accept_from(uint32_t door);

  void begin_linger(Slot slot, Place& place);
  void finish_close(Slot slot, Place& place);
  void drain(Slot slot, Place& place);
  void end_overdue_lingering();

  // Fixed after start().
  const std::shared_ptr<EventfdWaker> waker_ = std::make_shared<EventfdWaker>();
  int epoll_ = -1;
  bool has_pwait2_ = true;  // old kernels and some sandboxes lack it

  std::vector<Place> places_;
  std::vector<Slot> offered_;
  EpollDoors doors_{door_index};
  std::deque<Lingering> lingering_;  // by time
  std::vector<Slot> closed_;         // to be told
  std::vector<Refusal> refusals_;    // epoll took no more descriptors; to be told
  Instant now_ = monotonic_now();
  WallTime wall_now_ = fanfare::wall_now();

  // Of the last wait().
  std::vector<Ready> ready_;
  unsigned most_ = 0;
  std::array<epoll_event, batch_max> events_{};
  unsigned events_next_ = 0;  // events_[next, end) are for the next wait()
  unsigned events_end_ = 0;
  std::array<SocketAddress, accepts_batch_max> peers_{};
  unsigned peers_used_ = 0;
  const std::unique_ptr<std::byte[]> arena_ =
      std::make_unique<std::byte[]>(arena_bytes + padding_bytes);
  std::size_t arena_used_ = 0;
};

// For slots 0 .. capacity-1, 16 bytes each. Descriptors count against RLIMIT_NOFILE: when the table
// is full, connections wait in the listener's queue and accepting is tried again every 100 ms.
Result<std::unique_ptr<Engine>> make_epoll_engine(uint32_t capacity);

}  // namespace fanfare
