// net/epoll_engine.cc: one wait() is: what the last one had no room for, then epoll, then what is
// overdue.
#include "net/epoll_engine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <utility>

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/check.h"

namespace fanfare {
namespace {

constexpr std::size_t receive_bytes_max = 16_KiB;
// A refused body that is on its way: a client that is reset while it sends never sees why.
constexpr uint32_t linger_bytes_max = 64U << 20;
constexpr Duration linger_time_max = std::chrono::seconds(2);

enum Want : uint8_t { want_none = 0, want_in = 1, want_out = 2, want_hup = 4 };

uint8_t without(uint8_t wants, Want what) {
  return static_cast<uint8_t>(wants & ~what);
}

uint32_t events_of(uint8_t watched) {
  uint32_t events = 0;
  if (watched & want_in) events |= EPOLLIN;
  if (watched & want_out) events |= EPOLLOUT;
  if (watched & want_hup) events |= EPOLLRDHUP;
  return events;
}

// An error or a full hang-up is an answer to whatever is wanted.
uint8_t wants_answered_by(uint32_t events) {
  if (events & (EPOLLERR | EPOLLHUP)) return want_in | want_out | want_hup;
  uint8_t answered = want_none;
  if (events & EPOLLIN) answered |= want_in;
  if (events & EPOLLOUT) answered |= want_out;
  if (events & EPOLLRDHUP) answered |= want_in | want_hup;
  return answered;
}

int pending_error(int descriptor) {
  int error = 0;
  socklen_t bytes = sizeof error;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes);
  return error;
}

uint64_t event_number(uint32_t high, uint32_t low) {
  return uint64_t{high} << 32 | low;
}

}  // namespace

EpollEngine::EpollEngine(uint32_t capacity) : places_(capacity) {
  CHECK_LT(capacity, door_index);
  ready_.reserve(batch_max);
}

EpollEngine::~EpollEngine() {
  for (const Place& place : places_) {
    if (place.descriptor >= 0) ::close(place.descriptor);
  }
  if (epoll_ >= 0) ::close(epoll_);
}

int EpollEngine::start() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0 || waker_->descriptor() < 0) return errno;
  doors_.use(epoll_);
  epoll_event event{};
  event.events =
      EPOLLIN | EPOLLET;  // each wake() is reported once, and the counter never read back
  event.data.u64 = event_number(0, waker_index);
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, waker_->descriptor(), &event) == 0 ? 0 : errno;
}

EpollEngine::Place& EpollEngine::open_place(Slot slot) {
  CHECK_LT(slot.index, places_.size());
  Place& place = places_[slot.index];
  CHECK_EQ(place.generation, slot.generation);
  CHECK(place.state == State::open);
  return place;
}

EpollEngine::Place& EpollEngine::free_place(Slot slot) {
  CHECK_LT(slot.index, places_.size());
  Place& place = places_[slot.index];
  CHECK(place.state == State::free);
  place = Place{};
  place.generation = slot.generation;
  return place;
}

Ready& EpollEngine::tell(Got got, Slot slot, int error) {
  Ready& told = ready_.emplace_back();
  told.got = got;
  told.slot = slot;
  told.error = error;
  return told;
}

std::span<const Ready> EpollEngine::wait(Instant until, unsigned most) {
  CHECK_GE(most, 1U);
  ready_.clear();
  most_ = std::min(most, batch_max);
  peers_used_ = 0;
  arena_used_ = 0;
  handle_fetched();
  do {
    tell_closed();
    tell_refusals();
    if (!offered_.empty()) doors_.watch(now_);
    if (events_next_ == events_end_) fetch(ready_.empty() ? until : Instant::min());
    now_ = monotonic_now();
    handle_fetched();
    end_overdue_lingering();
  } while (ready_.empty() && (now_ < until || !closed_.empty()));
  wall_now_ = fanfare::wall_now();
  return ready_;
}

void EpollEngine::fetch(Instant until) {
  if (until > now_) now_ = monotonic_now();  // the turn since the last wait() took its time
  if (!lingering_.empty()) until = std::min(until, lingering_.front().until);
  if (doors_.pauses_until() > now_) until = std::min(until, doors_.pauses_until());
  Duration left = Duration::max();
  if (until != never) left = until > now_ ? until - now_ : Duration(0);
  const int count = sleep(left);
  CHECK(count >= 0 || errno == EINTR);
  events_next_ = 0;
  events_end_ = static_cast<unsigned>(std::max(count, 0));
}

int EpollEngine::sleep(Duration left) {
  const bool forever = left == Duration::max();
  if (has_pwait2_) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    timespec time{};
    time.tv_sec = seconds.count();
    time.tv_nsec = (left - seconds).count();
    const int count =
        ::epoll_pwait2(epoll_, events_.data(), batch_max, forever ? nullptr : &time, nullptr);
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    has_pwait2_ = false;
  }
  const auto bounded = std::min<Duration>(left, std::chrono::hours(1));
  const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(bounded).count();
  return ::epoll_wait(epoll_, events_.data(), batch_max,
                      forever ? -1 : static_cast<int>(rounded_up));
}

void EpollEngine::handle_fetched() {
  while (events_next_ < events_end_ && !full()) {
    if (!handle(events_[events_next_])) return;
    events_next_++;
  }
}

// False: this wait() has no room for all of its answers; the next one begins with it.
bool EpollEngine::handle(const epoll_event& event) {
  const auto index = static_cast<uint32_t>(event.data.u64);
  const auto generation = static_cast<uint32_t>(event.data.u64 >> 32);
  if (index == waker_index) {
    tell(Got::woken, {});
    return true;
  }
  if (index == door_index) {
    accept_from(generation);
    return true;
  }
  Place& place = places_[index];
  const Slot slot{index, generation};
  if (place.generation != generation) return true;  // closed since it was fetched
  if (place.state == State::open) return answer(slot, place, event.events);
  if (place.state == State::lingering) drain(slot, place);
  return true;
}

bool EpollEngine::answer(Slot slot, Place& place, uint32_t events) {
  const auto due = static_cast<uint8_t>(place.wanted & wants_answered_by(events));
  if (due == want_none) {
    watch_less(slot, place, events);
    return true;
  }
  if (due & want_hup) {
    if (full()) return false;
    place.wanted = without(place.wanted, want_hup);
    const int error = events & EPOLLERR ? pending_error(place.descriptor) : 0;
    tell(Got::hung_up, slot, error);
  }
  if (due & want_out) {
    if (full()) return false;
    place.wanted = without(place.wanted, want_out);
    tell(Got::writable, slot);
  }
  if (due & want_in) {
    if (full() || arena_spent()) return false;
    receive(slot, place);
  }
  return true;
}

void EpollEngine::receive(Slot slot, Place& place) {
  std::byte* const into = arena_.get() + arena_used_;
  const std::size_t room = std::min(receive_bytes_max, arena_bytes - arena_used_);
  const ssize_t count = ::recv(place.descriptor, into, room, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;  // still wanted, still watched
  place.wanted = without(place.wanted, want_in);
  if (count <= 0) {
    tell(Got::end, slot, count < 0 ? errno : 0);
    return;
  }
  const auto taken = static_cast<std::size_t>(count);
  tell(Got::bytes, slot).bytes = Bytes(into, taken);
  const std::size_t step = taken + padding_bytes;
  arena_used_ = std::min(arena_bytes, arena_used_ + (step + 63) / 64 * 64);
}

void EpollEngine::tell_refusals() {
  while (!refusals_.empty() && !full()) {
    const auto [slot, error] = refusals_.back();
    Place& place = places_[slot.index];
    const bool current = place.generation == slot.generation && place.state == State::open;
    if (!current || place.wanted == want_none) {
      refusals_.pop_back();
    } else if (place.wanted & want_out) {
      place.wanted = without(place.wanted, want_out);
      tell(Got::writable, slot);
    } else {
      const Got got = place.wanted & want_in ? Got::end : Got::hung_up;
      place.wanted = want_none;
      tell(got, slot, error);
    }
  }
}

void EpollEngine::tell_closed() {
  const std::size_t count = std::min<std::size_t>(closed_.size(), most_ - ready_.size());
  for (std::size_t i = 0; i < count; i++) {
    places_[closed_[i].index].state = State::free;
    tell(Got::closed, closed_[i]);
  }
  closed_.erase(closed_.begin(), closed_.begin() + static_cast<std::ptrdiff_t>(count));
}

void EpollEngine::want_bytes(Slot slot) {
  want(slot, want_in);
}
void EpollEngine::want_writable(Slot slot) {
  want(slot, want_out);
}
void EpollEngine::want_hangup(Slot slot) {
  want(slot, want_hup);
}

void EpollEngine::want(Slot slot, uint8_t what) {
  Place& place = open_place(slot);
  place.wanted |= what;
  CHECK((place.wanted & (want_in | want_hup)) != (want_in | want_hup));
  if (place.watched & what) return;
  uint8_t watched = place.wanted;
  // A request that becomes a stream: its hang-up is then watched already.
  if (what == want_in) watched |= want_hup;
  if (const int error = watch(slot, place, watched)) refusals_.push_back({slot, error});
}

int EpollEngine::watch(Slot slot, Place& place, uint8_t watched) {
  epoll_event event{};
  event.events = events_of(watched);
  event.data.u64 = event_number(slot.generation, slot.index);
  const int verb = place.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_, verb, place.descriptor, &event) != 0) return errno;
  place.registered = 1;
  place.watched = watched;
  return 0;
}

// Something was reported that nobody wants: it would be reported for ever. Errors and full hang-ups
// cannot be masked.
void EpollEngine::watch_less(Slot slot, Place& place, uint32_t events) {
  if (place.wanted == want_none && (events & (EPOLLERR | EPOLLHUP)) != 0) {
    forget(place);
  } else if (place.watched != place.wanted) {
    CHECK_EQ(watch(slot, place, place.wanted), 0);
  }
}

void EpollEngine::forget(Place& place) {
  if (place.registered) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, place.descriptor, nullptr);
  place.registered = 0;
  place.watched = want_none;
}

void EpollEngine::send(std::span<Send> batch) {
  for (Send& one : batch) {
    const Place& place = open_place(one.slot);
    CHECK(!one.bytes.empty());
    const std::size_t count = std::min<std::size_t>(one.bytes.size(), INT_MAX);
    const ssize_t taken =
        ::send(place.descriptor, one.bytes.data(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
    one.result = taken >= 0 ? static_cast<int>(taken) : -errno;
  }
}

void EpollEngine::offer(Slot free) {
  free_place(free).state = State::offered;
  offered_.push_back(free);
}

void EpollEngine::accept_from(uint32_t door) {
  if (offered_.empty()) doors_.unwatch(door);
  while (!offered_.empty() && !full() && peers_used_ < accepts_batch_max) {
    SocketAddress& peer = peers_[peers_used_];
    const auto [descriptor, listener] = doors_.accept(door, peer, now_);
    if (descriptor < 0) return;
    peers_used_++;
    const Slot slot = offered_.back();
    offered_.pop_back();
    places_[slot.index].descriptor = descriptor;
    places_[slot.index].state = State::open;
    Ready& told = tell(Got::accepted, slot);
    told.peer = &peer;
    told.listener = listener;
  }
}

void EpollEngine::close(Slot slot, CloseHow how) {
  Place& place = open_place(slot);
  place.wanted = want_none;
  if (how == CloseHow::linger) {
    begin_linger(slot, place);
    return;
  }
  if (how == CloseHow::reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(place.descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  finish_close(slot, place);
}

void EpollEngine::begin_linger(Slot slot, Place& place) {
  place.state = State::lingering;
  ::shutdown(place.descriptor, SHUT_WR);
  drain(slot, place);
  if (place.state != State::lingering) return;
  if (place.watched != want_in && watch(slot, place, want_in) != 0) {
    finish_close(slot, place);
    return;
  }
  lingering_.push_back({slot, monotonic_now() + linger_time_max});
}

void EpollEngine::drain(Slot slot, Place& place) {
  std::array<std::byte, receive_bytes_max> discarded;  // NOLINT: never read
  while (place.drained_bytes < linger_bytes_max) {
    const ssize_t count =
        ::recv(place.descriptor, discarded.data(), discarded.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) break;
    place.drained_bytes += static_cast<uint32_t>(count);
  }
  finish_close(slot, place);
}

void EpollEngine::end_overdue_lingering() {
  while (!lingering_.empty()) {
    const auto [slot, until] = lingering_.front();
    Place& place = places_[slot.index];
    const bool current = place.generation == slot.generation && place.state == State::lingering;
    if (current && now_ < until) return;
    lingering_.pop_front();
    if (current) finish_close(slot, place);
  }
}

void EpollEngine::finish_close(Slot slot, Place& place) {
  ::close(place.descriptor);  // leaves the epoll set too
  place.descriptor = -1;
  place.state = State::closing;
  closed_.push_back(slot);
}

std::optional<uint32_t> EpollEngine::unacknowledged(Slot slot) {
  int bytes = 0;
  if (::ioctl(open_place(slot).descriptor, SIOCOUTQ, &bytes) != 0) return std::nullopt;
  return static_cast<uint32_t>(bytes);
}

int EpollEngine::release(Slot slot) {
  Place& place = open_place(slot);
  CHECK_EQ(place.wanted, want_none);
  forget(place);
  place.state = State::free;
  return std::exchange(place.descriptor, -1);
}

bool EpollEngine::adopt(Slot slot, int descriptor) {
  Place& place = free_place(slot);
  place.state = State::open;
  place.descriptor = descriptor;
  return true;
}

Result<std::unique_ptr<Engine>> make_epoll_engine(uint32_t capacity) {
  auto engine = std::make_unique<EpollEngine>(capacity);
  if (const int fault = engine->start()) {
    return Error{std::string("epoll is not available: ") + std::strerror(fault) +
                 ". A worker needs two descriptors; see ulimit -n"};
  }
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace fanfare
