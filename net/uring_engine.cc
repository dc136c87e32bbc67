// net/uring_engine.cc: what is wanted becomes a submission, what is complete an answer.
//
// A connection is the direct descriptor at its slot's index. Everything wanted is one shot and in
// flight at most once, so a slot is quiet when its bits are clear; it is closed only then, because
// a close with something in flight leaves the socket open.
#include "net/uring_engine.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/check.h"
#include "net/eventfd_waker.h"
#include "net/listener.h"
#include "net/uring_ring.h"

namespace fanfare {
namespace {

constexpr uint8_t op_fixed_fd_install =
    54;  // IORING_OP_FIXED_FD_INSTALL, Linux 6.8; newer than Debian 12's headers
constexpr uint32_t linger_bytes_max = 1U << 20;
constexpr Duration linger_time_max = std::chrono::seconds(2);

enum class Op : uint8_t {
  accept,
  receive,
  writable,
  hangup,
  send,
  close,
  cancel,
  waker,
  now,
  door
};

uint64_t number_of(Op op, Slot slot) {
  return uint64_t{slot.generation} << 32 | uint64_t{slot.index} << 8 | static_cast<uint8_t>(op);
}
Op op_of(uint64_t number) {
  return static_cast<Op>(number & 255);
}
Slot slot_of(uint64_t number) {
  return {static_cast<uint32_t>(number >> 8) & 0xffffff, static_cast<uint32_t>(number >> 32)};
}
constexpr uint8_t bit(Op op) {
  return static_cast<uint8_t>(1U << static_cast<unsigned>(op));
}  // of those of a slot

struct Completion {
  uint64_t number;
  int32_t result;
  uint32_t flags;
};

class UringEngine final : public Engine {
 public:
  explicit UringEngine(uint32_t capacity) : places_(capacity) { CHECK_LT(capacity, 1U << 24); }
  ~UringEngine() override;
  int start() { return waker_->descriptor() < 0 ? EMFILE : ring_.open(capacity()); }

  std::span<const Ready> wait(Instant until, unsigned most) override;
  void send(std::span<Send> batch) override;
  void listen(Listener& listener) override;
  void unlisten(Listener& listener) override;
  void offer(Slot free) override;
  void want_bytes(Slot slot) override;
  void want_writable(Slot slot) override { want_poll(slot, Op::writable, POLLOUT); }
  void want_hangup(Slot slot) override { want_poll(slot, Op::hangup, POLLRDHUP); }
  void close(Slot slot, CloseHow how) override;
  int release(Slot slot) override;
  bool adopt(Slot slot, int descriptor) override;
  std::shared_ptr<Waker> waker() override { return waker_; }
  Instant now() const override { return now_; }
  WallTime wall_now() const override { return wall_now_; }
  uint32_t capacity() const override { return static_cast<uint32_t>(places_.size()); }
  const char* name() const override { return "io_uring"; }

 private:
  enum class State : uint8_t { free, offered, open, lingering, closing };

  // What a slot costs here.
  struct Place {
    uint32_t generation = 0;
    uint32_t drained_bytes = 0;  // while lingering
    State state = State::free;
    uint8_t in_flight = 0;  // bits of Op
  };
  static_assert(sizeof(Place) == 12);

  struct Door {
    const Listener* listener;
    unsigned accepting = 0;  // accepts in flight
    bool watched = false;    // no offer was left for it: a poll tells when a client comes
    bool hungry = false;     // a client has come: the next offer is for it
  };
  // An offered slot: where its accept runs, and where the kernel writes the client's address.
  struct Offer {
    const Listener* listener = nullptr;  // null: no accept is in flight
    SocketAddress peer;
    socklen_t peer_bytes = 0;
  };
  struct Lingering {
    Slot slot;
    Instant until;
  };

  void begin();
  Place& open_place(Slot slot);
  void want_poll(Slot slot, Op op, unsigned events);
  void receive(Slot slot, Place& place);
  void watch_waker();
  // Submits one operation and waits for its result alone; what else completes meanwhile is kept.
  int run_now(io_uring_sqe* sqe);
  int install(Slot slot);

  void collect();
  void handle(const Completion& done);
  void on_accepted(Slot slot, int result);
  void on_received(Slot slot, Place& place, const Completion& done);
  void tell(Got got, Slot slot, int error = 0);

  void accept_offers();
  void watch_idle_doors();
  void on_client_waits(uint32_t descriptor);
  void accept_into(Slot slot, Offer& offer, Door& door);
  void cancel(Slot slot, Place& place);
  void close_when_quiet(Slot slot, Place& place);
  void drain(Slot slot, Place& place, const Completion& done);
  void end_overdue_lingering();

  const std::shared_ptr<EventfdWaker> waker_ = std::make_shared<EventfdWaker>();
  UringRing ring_;
  bool begun_ = false;
  std::vector<Place> places_;
  std::vector<Door> doors_;
  std::unordered_map<uint32_t, Offer> offers_;  // by index; node based: the kernel writes into them
  std::unordered_map<uint32_t, Offer> accepted_;  // of this wait()
  std::vector<Slot> waiting_offers_;              // no accept in flight
  std::deque<Lingering> lingering_;               // by time
  std::deque<Completion> inbox_;                  // complete, not yet told
  std::vector<uint16_t> lent_buffers_;            // told by the last wait()
  std::vector<Slot> starved_;                     // receives that found no buffer
  std::vector<Ready> ready_;
  Instant now_ = monotonic_now();
  WallTime wall_now_ = fanfare::wall_now();
};

UringEngine::~UringEngine() = default;

// The first verb runs on the thread that the ring belongs to from then on.
void UringEngine::begin() {
  if (begun_) return;
  begun_ = true;
  CHECK_EQ(ring_.enable(), 0);
  watch_waker();
}

UringEngine::Place& UringEngine::open_place(Slot slot) {
  CHECK_LT(slot.index, places_.size());
  Place& place = places_[slot.index];
  CHECK_EQ(place.generation, slot.generation);
  CHECK(place.state == State::open);
  return place;
}

void UringEngine::tell(Got got, Slot slot, int error) {
  Ready& told = ready_.emplace_back();
  told.got = got;
  told.slot = slot;
  told.error = error;
}

std::span<const Ready> UringEngine::wait(Instant until, unsigned most) {
  CHECK_GE(most, 1U);
  begin();
  ready_.clear();
  accepted_.clear();
  for (const uint16_t id : lent_buffers_) ring_.give_back_buffer(id);
  lent_buffers_.clear();
  std::vector<Slot> starved;
  starved.swap(starved_);
  for (const Slot slot : starved) {
    Place& place = places_[slot.index];
    if (place.generation == slot.generation && (place.in_flight & bit(Op::receive)) != 0)
      receive(slot, place);
  }
  accept_offers();
  do {
    Instant sleep_until = inbox_.empty() && ready_.empty() ? until : Instant::min();
    if (!lingering_.empty()) sleep_until = std::min(sleep_until, lingering_.front().until);
    if (sleep_until > now_) now_ = monotonic_now();
    ring_.wait(now_, sleep_until);
    collect();
    now_ = monotonic_now();
    while (!inbox_.empty() && ready_.size() < most) {
      const Completion done = inbox_.front();
      inbox_.pop_front();
      handle(done);
    }
    end_overdue_lingering();
  } while (ready_.empty() && (now_ < until || !inbox_.empty()));
  wall_now_ = fanfare::wall_now();
  return ready_;
}

void UringEngine::collect() {
  ring_.take([this](const io_uring_cqe& cqe) {
    inbox_.push_back({cqe.user_data, cqe.res, cqe.flags});
  });
}

void UringEngine::handle(const Completion& done) {
  const Op op = op_of(done.number);
  const Slot slot = slot_of(done.number);
  switch (op) {
    case Op::waker:
      tell(Got::woken, {});
      if ((done.flags & IORING_CQE_F_MORE) == 0) watch_waker();
      return;
    case Op::accept:
      return on_accepted(slot, done.result);
    case Op::door:
      return on_client_waits(slot.generation);
    case Op::cancel:
    case Op::now:
    case Op::send:
      return;
    default:
      break;
  }
  Place& place = places_[slot.index];
  CHECK_EQ(place.generation, slot.generation);  // a slot is not used again before it is quiet
  if (op == Op::receive) return on_received(slot, place, done);
  place.in_flight = static_cast<uint8_t>(place.in_flight & ~bit(op));
  if (op == Op::close) {
    CHECK_EQ(done.result, 0);
    place.state = State::free;
    tell(Got::closed, slot);
    return;
  }
  if (place.state != State::open) return close_when_quiet(slot, place);
  if (op == Op::writable) return tell(Got::writable, slot);
  const bool reset = done.result < 0 || (done.result & POLLERR) != 0;
  tell(Got::hung_up, slot, reset ? ECONNRESET : 0);
}

void UringEngine::watch_waker() {
  io_uring_sqe* const sqe = ring_.sqe();
  io_uring_prep_poll_multishot(sqe, waker_->descriptor(), POLLIN);
  sqe->user_data = number_of(Op::waker, {});
}

int UringEngine::run_now(io_uring_sqe* sqe) {
  sqe->user_data = number_of(Op::now, {});
  ring_.submit();
  while (true) {
    bool found = false;
    int result = 0;
    ring_.take([&](const io_uring_cqe& cqe) {
      if (op_of(cqe.user_data) == Op::now) {
        found = true;
        result = cqe.res;
      } else {
        inbox_.push_back({cqe.user_data, cqe.res, cqe.flags});
      }
    });
    if (found) return result;
    ring_.wait(now_, never);
  }
}

void UringEngine::send(std::span<Send> batch) {
  begin();
  for (std::size_t from = 0; from < batch.size(); from += UringRing::submissions / 2) {
    const std::span<Send> part =
        batch.subspan(from, std::min<std::size_t>(UringRing::submissions / 2, batch.size() - from));
    for (std::size_t i = 0; i < part.size(); ++i) {
      const Send& one = part[i];
      open_place(one.slot);
      io_uring_sqe* const sqe = ring_.sqe();
      io_uring_prep_send(sqe, static_cast<int>(one.slot.index), one.bytes.data(), one.bytes.size(),
                         MSG_DONTWAIT | MSG_NOSIGNAL);
      sqe->flags |= IOSQE_FIXED_FILE;
      sqe->user_data = number_of(Op::send, {static_cast<uint32_t>(i), 0});
    }
    ring_.submit();
    // Sends that must not wait are complete when they are submitted.
    for (std::size_t left = part.size(); left > 0;) {
      ring_.take([&](const io_uring_cqe& cqe) {
        if (op_of(cqe.user_data) == Op::send) {
          part[slot_of(cqe.user_data).index].result = cqe.res;
          --left;
        } else {
          inbox_.push_back({cqe.user_data, cqe.res, cqe.flags});
        }
      });
      if (left > 0) ring_.wait(now_, never);
    }
  }
}

// ------------------------------------------------------------ accepting

void UringEngine::listen(Listener& listener) {
  begin();
  doors_.push_back({&listener, 0});
}

void UringEngine::unlisten(Listener& listener) {
  std::erase_if(doors_, [&](const Door& door) { return door.listener == &listener; });
  for (auto& [index, offer] : offers_) {
    if (offer.listener != &listener) continue;
    io_uring_sqe* const sqe = ring_.sqe();
    io_uring_prep_cancel64(sqe, number_of(Op::accept, {index, places_[index].generation}), 0);
    sqe->user_data = number_of(Op::cancel, {});
  }
  ring_.submit();
}

void UringEngine::offer(Slot free) {
  begin();
  CHECK_LT(free.index, places_.size());
  Place& place = places_[free.index];
  CHECK(place.state == State::free);
  place = Place{};
  place.generation = free.generation;
  place.state = State::offered;
  offers_[free.index] = Offer{};
  waiting_offers_.push_back(free);
}

// Each offer goes to the listener with the fewest accepts in flight, or to one at which a client
// waits in vain.
void UringEngine::accept_offers() {
  while (!waiting_offers_.empty() && !doors_.empty()) {
    const Slot slot = waiting_offers_.back();
    waiting_offers_.pop_back();
    Door& door = *std::min_element(doors_.begin(), doors_.end(), [](const Door& a, const Door& b) {
      return a.hungry != b.hungry ? a.hungry : a.accepting < b.accepting;
    });
    door.hungry = false;
    accept_into(slot, offers_[slot.index], door);
  }
  watch_idle_doors();
}

// With fewer offers than listeners some listener has none: it is watched, and its client gets the
// offer of another.
void UringEngine::watch_idle_doors() {
  for (Door& door : doors_) {
    if (door.accepting > 0 || door.watched || door.hungry || offers_.empty()) continue;
    door.watched = true;
    io_uring_sqe* const sqe = ring_.sqe();
    io_uring_prep_poll_add(sqe, door.listener->descriptor(), POLLIN);
    sqe->user_data = number_of(Op::door, {0, static_cast<uint32_t>(door.listener->descriptor())});
  }
}

void UringEngine::on_client_waits(uint32_t descriptor) {
  const auto door = std::find_if(doors_.begin(), doors_.end(), [&](const Door& d) {
    return d.listener->descriptor() == static_cast<int>(descriptor);
  });
  if (door == doors_.end()) return;
  door->watched = false;
  if (door->accepting > 0) return;
  door->hungry = true;
  if (!waiting_offers_.empty()) return accept_offers();
  for (const auto& [index, offer] : offers_) {
    if (offer.listener == nullptr) continue;
    io_uring_sqe* const sqe = ring_.sqe();
    io_uring_prep_cancel64(sqe, number_of(Op::accept, {index, places_[index].generation}), 0);
    sqe->user_data = number_of(Op::cancel, {});
    return;
  }
}

void UringEngine::accept_into(Slot slot, Offer& offer, Door& door) {
  ++door.accepting;
  offer.listener = door.listener;
  offer.peer_bytes = SocketAddress::raw_bytes_max;
  io_uring_sqe* const sqe = ring_.sqe();
  io_uring_prep_accept_direct(sqe, door.listener->descriptor(), offer.peer.raw(), &offer.peer_bytes,
                              0, slot.index);
  sqe->user_data = number_of(Op::accept, slot);
}

void UringEngine::on_accepted(Slot slot, int result) {
  Offer& offer = offers_[slot.index];
  const auto door = std::find_if(doors_.begin(), doors_.end(),
                                 [&](const Door& d) { return d.listener == offer.listener; });
  if (door != doors_.end()) --door->accepting;
  if (result < 0) {  // cancelled, or the client has gone already: the offer stands
    offer.listener = nullptr;
    waiting_offers_.push_back(slot);
    if (result != -ENFILE && result != -EMFILE && result != -ENOMEM && result != -ENOBUFS)
      accept_offers();
    return;
  }
  places_[slot.index].state = State::open;
  Offer& kept = accepted_[slot.index];
  kept = offer;
  kept.peer.set_raw_bytes(kept.peer_bytes);
  offers_.erase(slot.index);
  tell(Got::accepted, slot);
  ready_.back().peer = &kept.peer;
  ready_.back().listener = kept.listener->id();
}

// ------------------------------------------------------------ wanting

void UringEngine::want_poll(Slot slot, Op op, unsigned events) {
  Place& place = open_place(slot);
  if ((place.in_flight & bit(op)) != 0) return;
  place.in_flight = static_cast<uint8_t>(place.in_flight | bit(op));
  io_uring_sqe* const sqe = ring_.sqe();
  io_uring_prep_poll_add(sqe, static_cast<int>(slot.index), events);
  sqe->flags |= IOSQE_FIXED_FILE;
  sqe->user_data = number_of(op, slot);
}

void UringEngine::want_bytes(Slot slot) {
  Place& place = open_place(slot);
  if ((place.in_flight & bit(Op::receive)) != 0) return;
  place.in_flight = static_cast<uint8_t>(place.in_flight | bit(Op::receive));
  receive(slot, place);
}

// A buffer is chosen when bytes have come, so an idle connection holds none.
void UringEngine::receive(Slot slot, Place&) {
  io_uring_sqe* const sqe = ring_.sqe();
  io_uring_prep_recv(sqe, static_cast<int>(slot.index), nullptr, UringRing::buffer_bytes, 0);
  sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
  sqe->buf_group = UringRing::buffer_group;
  sqe->user_data = number_of(Op::receive, slot);
}

void UringEngine::on_received(Slot slot, Place& place, const Completion& done) {
  if (done.result == -ENOBUFS && place.state != State::closing) {
    starved_.push_back(slot);  // asked for again when buffers have come back
    return;
  }
  place.in_flight = static_cast<uint8_t>(place.in_flight & ~bit(Op::receive));
  const bool has_buffer = (done.flags & IORING_CQE_F_BUFFER) != 0;
  const auto id = static_cast<uint16_t>(done.flags >> IORING_CQE_BUFFER_SHIFT);
  if (place.state == State::open && done.result > 0) {
    lent_buffers_.push_back(id);
    tell(Got::bytes, slot);
    ready_.back().bytes = Bytes(ring_.buffer(id), static_cast<std::size_t>(done.result));
    return;
  }
  if (has_buffer) ring_.give_back_buffer(id);
  if (place.state == State::open) {
    tell(Got::end, slot, done.result < 0 ? -done.result : 0);
  } else if (place.state == State::lingering) {
    drain(slot, place, done);
  } else {
    close_when_quiet(slot, place);
  }
}

// ------------------------------------------------------------ closing, moving

// A plain descriptor of the same socket; -1: this kernel cannot.
int UringEngine::install(Slot slot) {
  io_uring_sqe* const sqe = ring_.sqe();
  io_uring_prep_nop(sqe);
  sqe->opcode = op_fixed_fd_install;
  sqe->fd = static_cast<int>(slot.index);
  sqe->flags |= IOSQE_FIXED_FILE;
  const int result = run_now(sqe);
  return result < 0 ? -1 : result;
}

void UringEngine::close(Slot slot, CloseHow how) {
  Place& place = open_place(slot);
  place.state = State::closing;
  if (how != CloseHow::now) {
    const int plain = install(slot);
    if (plain >= 0 && how == CloseHow::linger) {
      place.state = State::lingering;
      ::shutdown(plain, SHUT_WR);
    } else if (plain >= 0) {
      const linger at_once{1, 0};
      ::setsockopt(plain, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    if (plain >= 0) ::close(plain);
  }
  if (place.state == State::lingering) {
    lingering_.push_back({slot, now_ + linger_time_max});
    if ((place.in_flight & bit(Op::receive)) == 0) {
      place.in_flight = static_cast<uint8_t>(place.in_flight | bit(Op::receive));
      receive(slot, place);
    }
    return;
  }
  cancel(slot, place);
  close_when_quiet(slot, place);
}

void UringEngine::cancel(Slot slot, Place& place) {
  for (const Op op : {Op::receive, Op::writable, Op::hangup}) {
    if ((place.in_flight & bit(op)) == 0) continue;
    io_uring_sqe* const sqe = ring_.sqe();
    io_uring_prep_cancel64(sqe, number_of(op, slot), 0);
    sqe->user_data = number_of(Op::cancel, {});
  }
  // A receive that found no buffer is not in flight in the kernel.
  const auto starved = std::find(starved_.begin(), starved_.end(), slot);
  if (starved != starved_.end()) {
    starved_.erase(starved);
    place.in_flight = static_cast<uint8_t>(place.in_flight & ~bit(Op::receive));
  }
}

void UringEngine::close_when_quiet(Slot slot, Place& place) {
  if (place.state != State::closing || place.in_flight != 0) return;
  place.in_flight = bit(Op::close);
  io_uring_sqe* const sqe = ring_.sqe();
  io_uring_prep_close_direct(sqe, slot.index);
  sqe->user_data = number_of(Op::close, slot);
}

// What the peer still sends is read and thrown away, so that our close is no reset that eats our
// last bytes.
void UringEngine::drain(Slot slot, Place& place, const Completion& done) {
  if (done.result > 0) {
    place.drained_bytes += static_cast<uint32_t>(done.result);
    if (place.drained_bytes < linger_bytes_max) {
      place.in_flight = static_cast<uint8_t>(place.in_flight | bit(Op::receive));
      receive(slot, place);
      return;
    }
  }
  place.state = State::closing;
  cancel(slot, place);
  close_when_quiet(slot, place);
}

void UringEngine::end_overdue_lingering() {
  while (!lingering_.empty() && lingering_.front().until <= now_) {
    const Slot slot = lingering_.front().slot;
    lingering_.pop_front();
    Place& place = places_[slot.index];
    if (place.generation != slot.generation || place.state != State::lingering) continue;
    place.state = State::closing;
    cancel(slot, place);
    close_when_quiet(slot, place);
  }
}

int UringEngine::release(Slot slot) {
  Place& place = open_place(slot);
  CHECK_EQ(place.in_flight, 0);
  const int plain = install(slot);
  if (plain < 0) return -1;
  io_uring_sqe* const sqe = ring_.sqe();
  io_uring_prep_close_direct(sqe, slot.index);
  CHECK_EQ(run_now(sqe), 0);
  place.state = State::free;
  return plain;
}

bool UringEngine::adopt(Slot slot, int descriptor) {
  begin();
  const bool room = slot.index < places_.size();
  if (room) CHECK(places_[slot.index].state == State::free);
  const bool taken = room && ring_.put(slot.index, descriptor);
  ::close(descriptor);  // the table holds the socket by itself
  if (!taken) return false;
  Place& place = places_[slot.index];
  place = Place{};
  place.generation = slot.generation;
  place.state = State::open;
  return true;
}

}  // namespace

Result<std::unique_ptr<Engine>> make_uring_engine(uint32_t capacity) {
  auto engine = std::make_unique<UringEngine>(capacity);
  if (const int error = engine->start()) {
    return Error{
        fmt::format("io_uring cannot be used: {} (errno {})", std::strerror(error), error)};
  }
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace fanfare
