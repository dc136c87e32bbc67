// net/uring_engine.cc: what is wanted becomes a submission, what is complete an answer.
//
// A connection is the direct descriptor at its slot's index. Everything wanted is one shot and in
// flight at most once, so a slot is quiet when its bits are clear. It is closed only then: a close
// with something in flight would leave the socket open. An idle stream has one poll in flight, 256
// bytes of kernel memory, where a receive would take 864.
#include "net/uring_engine.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>

#include "core/check.h"
#include "net/eventfd_waker.h"
#include "net/listener.h"
#include "net/uring_doors.h"
#include "net/uring_ring.h"

namespace fanfare {
namespace {

// A refused body that is on its way: a client that is reset while it sends never sees why.
constexpr uint32_t linger_bytes_max = 64U << 20;
constexpr Duration linger_time_max = std::chrono::seconds(2);

class UringEngine final : public Engine {
 public:
  explicit UringEngine(uint32_t capacity) : places_(capacity) {}
  int start() { return waker_->descriptor() < 0 ? EMFILE : ring_.open(capacity()); }

  std::span<const Ready> wait(Instant until, unsigned most) override;
  void send(std::span<Send> batch) override;
  void listen(Listener& listener) override;
  void unlisten(Listener& listener) override;
  void offer(Slot free) override;
  void want_bytes(Slot slot) override;
  void want_writable(Slot slot) override { want(slot, UringOp::writable, POLLOUT); }
  void want_hangup(Slot slot) override { want(slot, UringOp::hangup, POLLRDHUP); }
  void close(Slot slot, CloseHow how) override;
  std::optional<uint32_t> unacknowledged(Slot slot) override;
  int release(Slot slot) override;
  bool adopt(Slot slot, int descriptor) override;
  std::shared_ptr<Waker> waker() override { return waker_; }
  Instant now() const override { return now_; }
  WallTime wall_now() const override { return wall_now_; }
  uint32_t capacity() const override { return static_cast<uint32_t>(places_.size()); }
  const char* name() const override { return "io_uring"; }

 private:
  enum class State : uint8_t { free, offered, open, lingering, closing };

  // What a slot costs here: tens of thousands of idle streams hold one each.
  struct Place {
    uint32_t generation = 0;
    uint32_t drained_bytes = 0;  // while lingering
    State state = State::free;
    uint8_t in_flight = 0;  // bits of receive, writable, hangup, close
    bool has(UringOp op) const { return (in_flight & bit(op)) != 0; }
    void add(UringOp op) { in_flight = static_cast<uint8_t>(in_flight | bit(op)); }
    void remove(UringOp op) { in_flight = static_cast<uint8_t>(in_flight & ~bit(op)); }
    static unsigned bit(UringOp op) { return 1U << static_cast<unsigned>(op); }
  };
  static_assert(sizeof(Place) == 12);

  struct Lingering {
    Slot slot;
    Instant until;
  };

  void begin();
  Place& open_place(Slot slot);
  Place& free_place(Slot slot);
  Ready& tell(Got got, Slot slot, int error = 0);
  void want(Slot slot, UringOp op, unsigned events);

  void forget_last_wait();
  void collect(Instant until, unsigned most);
  void handle(const UringDone& done);
  void on_accept(Slot slot, int result);
  void on_receive(Slot slot, Place& place, const UringDone& done);
  void on_poll(Slot slot, Place& place, const UringDone& done);
  void receive_again();

  bool make_abortive(Slot slot);
  bool begin_linger(Slot slot);
  void drain(Slot slot, Place& place, int result);
  void end_overdue_lingering();
  void finish_close(Slot slot, Place& place);
  void close_if_quiet(Slot slot, Place& place);

  const std::shared_ptr<EventfdWaker> waker_ = std::make_shared<EventfdWaker>();
  std::vector<Place> places_;
  UringRing ring_;
  UringDoors doors_{ring_};
  bool begun_ = false;
  std::deque<Lingering> lingering_;  // by time
  std::vector<Slot> starved_;        // their receives found no buffer
  Instant now_ = monotonic_now();
  WallTime wall_now_ = fanfare::wall_now();

  // Of the last wait().
  std::vector<Ready> ready_;
  std::vector<uint16_t> lent_buffers_;
};

// The first verb runs on the thread that the ring belongs to from then on.
void UringEngine::begin() {
  if (begun_) return;
  begun_ = true;
  CHECK_EQ(ring_.enable(), 0);
  ring_.poll_in_often(waker_->descriptor(), {UringOp::waker, {}});
}

UringEngine::Place& UringEngine::open_place(Slot slot) {
  CHECK_LT(slot.index, places_.size());
  Place& place = places_[slot.index];
  CHECK_EQ(place.generation, slot.generation);
  CHECK(place.state == State::open);
  return place;
}

UringEngine::Place& UringEngine::free_place(Slot slot) {
  CHECK_LT(slot.index, places_.size());
  Place& place = places_[slot.index];
  CHECK(place.state == State::free);
  place = Place{};
  place.generation = slot.generation;
  return place;
}

Ready& UringEngine::tell(Got got, Slot slot, int error) {
  Ready& told = ready_.emplace_back();
  told.got = got;
  told.slot = slot;
  told.error = error;
  return told;
}

// ---- waiting ----

std::span<const Ready> UringEngine::wait(Instant until, unsigned most) {
  CHECK_GE(most, 1U);
  begin();
  forget_last_wait();
  do {
    receive_again();
    doors_.begin_accepts(now_);
    collect(until, most);
    UringDone done;
    while (ready_.size() < most && ring_.next(done)) handle(done);
    end_overdue_lingering();
  } while (ready_.empty() && (now_ < until || ring_.kept() > 0));
  wall_now_ = fanfare::wall_now();
  return ready_;
}

void UringEngine::forget_last_wait() {
  ready_.clear();
  doors_.forget_accepted();
  for (const uint16_t id : lent_buffers_) ring_.give_back_buffer(id);
  lent_buffers_.clear();
}

void UringEngine::collect(Instant until, unsigned most) {
  if (!lingering_.empty()) until = std::min(until, lingering_.front().until);
  until = std::min(until, doors_.pauses_until());
  if (ring_.kept() > 0) until = Instant::min();
  if (until > now_) now_ = monotonic_now();  // the turn since the last wait() took its time
  ring_.wait(now_, until);
  // Portions of twenty: what is ready should come in one turn, and a turn not wait for ever.
  for (unsigned i = 0; i < most / 16 && ring_.kept() < most && ring_.has_more(); i++) {
    ring_.wait(now_, Instant::min());
  }
  now_ = monotonic_now();
}

void UringEngine::handle(const UringDone& done) {
  const auto [op, slot] = done.name;
  if (op == UringOp::accept) return on_accept(slot, done.result);
  if (op == UringOp::door) return doors_.on_client_waits(slot.generation);
  if (op == UringOp::waker) {
    tell(Got::woken, {});
    if (!done.goes_on()) ring_.poll_in_often(waker_->descriptor(), {UringOp::waker, {}});
    return;
  }
  Place& place = places_[slot.index];
  CHECK_EQ(place.generation, slot.generation);  // a slot is not used again before it is quiet
  CHECK(place.has(op));
  place.remove(op);
  if (op == UringOp::receive) return on_receive(slot, place, done);
  if (op != UringOp::close) return on_poll(slot, place, done);
  CHECK_EQ(done.result, 0);
  place.state = State::free;
  tell(Got::closed, slot);
}

void UringEngine::on_poll(Slot slot, Place& place, const UringDone& done) {
  if (place.state != State::open) return close_if_quiet(slot, place);
  if (done.name.op == UringOp::writable) {
    tell(Got::writable, slot);
  } else if (done.result < 0) {
    tell(Got::hung_up, slot, -done.result);
  } else {
    const bool broken = (done.result & POLLERR) != 0;
    tell(Got::hung_up, slot, broken ? ring_.take_error(slot.index) : 0);
  }
}

void UringEngine::on_receive(Slot slot, Place& place, const UringDone& done) {
  if (done.result == -ENOBUFS && place.state != State::closing) {
    place.add(UringOp::receive);
    starved_.push_back(slot);
    return;
  }
  if (place.state == State::open && done.result > 0) {
    lent_buffers_.push_back(done.buffer());
    tell(Got::bytes, slot).bytes =
        Bytes(ring_.buffer(done.buffer()), static_cast<std::size_t>(done.result));
    return;
  }
  if (done.has_buffer()) ring_.give_back_buffer(done.buffer());
  if (place.state == State::open) {
    tell(Got::end, slot, -done.result);
  } else if (place.state == State::lingering) {
    drain(slot, place, done.result);
  } else {
    close_if_quiet(slot, place);
  }
}

// When nothing is ready to be told, every buffer has come back: nobody starves while we sleep.
void UringEngine::receive_again() {
  for (const Slot slot : starved_) ring_.receive(slot);
  starved_.clear();
}

// ---- verbs ----

void UringEngine::want(Slot slot, UringOp op, unsigned events) {
  Place& place = open_place(slot);
  CHECK(op != UringOp::hangup || !place.has(UringOp::receive));
  if (place.has(op)) return;
  place.add(op);
  ring_.poll(slot, op, events);
}

void UringEngine::want_bytes(Slot slot) {
  Place& place = open_place(slot);
  CHECK(!place.has(UringOp::hangup));
  if (place.has(UringOp::receive)) return;
  place.add(UringOp::receive);
  ring_.receive(slot);
}

void UringEngine::send(std::span<Send> batch) {
  for (const Send& one : batch) {
    open_place(one.slot);
    CHECK(!one.bytes.empty());
  }
  ring_.send(batch);
}

void UringEngine::listen(Listener& listener) {
  begin();
  if (!ring_.tells_unacknowledged()) {
    const auto most = static_cast<int>(unacknowledged_max / std::chrono::milliseconds(1));
    ::setsockopt(listener.descriptor(), IPPROTO_TCP, TCP_USER_TIMEOUT, &most, sizeof most);
  }
  doors_.add(listener);
}

void UringEngine::unlisten(Listener& listener) {
  doors_.remove(listener);
}

void UringEngine::offer(Slot free) {
  begin();
  free_place(free).state = State::offered;
  doors_.offer(free);
}

void UringEngine::on_accept(Slot slot, int result) {
  const UringDoors::Accepted* const accepted = doors_.on_accept(slot, result, now_);
  if (!accepted) return;
  places_[slot.index].state = State::open;
  Ready& told = tell(Got::accepted, slot);
  told.peer = &accepted->peer;
  told.listener = accepted->listener;
}

// ---- closing ----

void UringEngine::close(Slot slot, CloseHow how) {
  Place& place = open_place(slot);
  if (how == CloseHow::linger && begin_linger(slot)) {
    place.state = State::lingering;
    lingering_.push_back({slot, monotonic_now() + linger_time_max});
    if (place.has(UringOp::receive)) return;
    place.add(UringOp::receive);
    ring_.receive(slot);
    return;
  }
  if (how == CloseHow::reset) make_abortive(slot);
  finish_close(slot, place);
}

// False: this kernel cannot; the close is then a plain one.
bool UringEngine::make_abortive(Slot slot) {
  const int plain = ring_.install(slot.index);
  if (plain < 0) return false;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(plain, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(plain);
  return true;
}

bool UringEngine::begin_linger(Slot slot) {
  const int plain = ring_.install(slot.index);
  // The ring's own shutdown starts threads in the kernel, so it comes second.
  if (plain < 0) return ring_.stop_sending(slot.index) == 0;
  ::shutdown(plain, SHUT_WR);
  ::close(plain);
  return true;
}

void UringEngine::drain(Slot slot, Place& place, int result) {
  if (result > 0) {
    place.drained_bytes += static_cast<uint32_t>(result);
    if (place.drained_bytes < linger_bytes_max) {
      place.add(UringOp::receive);
      ring_.receive(slot);
      return;
    }
  }
  finish_close(slot, place);
}

void UringEngine::end_overdue_lingering() {
  while (!lingering_.empty()) {
    const auto [slot, until] = lingering_.front();
    Place& place = places_[slot.index];
    const bool current = place.generation == slot.generation && place.state == State::lingering;
    if (current && now_ < until) return;
    lingering_.pop_front();
    if (current) finish_close(slot, place);
  }
}

void UringEngine::finish_close(Slot slot, Place& place) {
  place.state = State::closing;
  // A receive that found no buffer is not in flight in the kernel.
  if (std::erase(starved_, slot) > 0) place.remove(UringOp::receive);
  for (const UringOp op : {UringOp::receive, UringOp::writable, UringOp::hangup}) {
    if (place.has(op)) ring_.cancel({op, slot});
  }
  close_if_quiet(slot, place);
}

void UringEngine::close_if_quiet(Slot slot, Place& place) {
  if (place.state != State::closing || place.in_flight != 0) return;
  place.add(UringOp::close);
  ring_.close(slot);
}

// ---- moving ----

std::optional<uint32_t> UringEngine::unacknowledged(Slot slot) {
  open_place(slot);
  const int bytes = ring_.unacknowledged(slot.index);
  if (bytes < 0) return std::nullopt;
  return static_cast<uint32_t>(bytes);
}

int UringEngine::release(Slot slot) {
  Place& place = open_place(slot);
  CHECK_EQ(place.in_flight, 0);
  const int plain = ring_.install(slot.index);
  if (plain < 0) return -1;
  CHECK_EQ(ring_.close_now(slot.index), 0);
  place.state = State::free;
  return plain;
}

bool UringEngine::adopt(Slot slot, int descriptor) {
  begin();
  Place& place = free_place(slot);
  const bool taken = ring_.put(slot.index, descriptor);
  ::close(descriptor);  // the table holds the socket by itself
  if (taken) place.state = State::open;
  return taken;
}

// ---- making ----

std::string reason_of(int error, uint32_t capacity) {
  switch (error) {
    case EPERM:
      return "io_uring is forbidden here (EPERM: seccomp or sysctl kernel.io_uring_disabled)";
    case ENOSYS:
      return "io_uring is forbidden here or unknown to this kernel (ENOSYS: seccomp, or older than "
             "Linux 5.1)";
    case EINVAL:
      return "this kernel's io_uring is too old (EINVAL: Linux 6.1 is needed)";
    case EMFILE:
      return fmt::format("io_uring has no room for {} connections (EMFILE: raise ulimit -n)",
                         capacity);
    case ENOMEM:
      return "io_uring gets no memory (ENOMEM: raise ulimit -l or the memory limit)";
    default:
      return fmt::format("io_uring cannot be used here ({})", std::strerror(error));
  }
}

}  // namespace

Result<std::unique_ptr<Engine>> make_uring_engine(uint32_t capacity) {
  if (capacity > UringRing::files_max) {
    return Error{fmt::format("io_uring has room for {} connections, not for {}; use more workers",
                             UringRing::files_max, capacity)};
  }
  auto engine = std::make_unique<UringEngine>(capacity);
  if (const int error = engine->start()) return Error{reason_of(error, capacity)};
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace fanfare
