// net/epoll_doors.cc: accept4 with the errors of one connection kept apart from those of the whole
// process.
#include "net/epoll_doors.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/check.h"
#include "net/listener.h"

namespace fanfare {
namespace {

constexpr Duration pause_time = std::chrono::milliseconds(100);

// The connection died in the queue, or its network did: the next one may be well.
bool concerns_one_connection(int fault) {
  return fault == ECONNABORTED || fault == EINTR || fault == EPROTO || fault == ENETDOWN ||
         fault == ENOPROTOOPT || fault == EHOSTDOWN || fault == ENONET || fault == EHOSTUNREACH ||
         fault == EOPNOTSUPP || fault == ENETUNREACH;
}

}  // namespace

void EpollDoors::add(Listener& listener) {
  for (const Door& door : doors_) CHECK(door.listener != &listener);
  // Several workers may wake for one connection of a Unix socket: all but one must find nothing
  // instead of blocking.
  const int flags = ::fcntl(listener.descriptor(), F_GETFL);
  CHECK_EQ(::fcntl(listener.descriptor(), F_SETFL, flags | O_NONBLOCK), 0);
  doors_.push_back({&listener, next_number_++, Watched::no});
}

void EpollDoors::remove(Listener& listener) {
  const auto door = std::find_if(doors_.begin(), doors_.end(),
                                 [&](const Door& one) { return one.listener == &listener; });
  CHECK(door != doors_.end());
  unwatch_door(*door);
  doors_.erase(door);
}

// Not EPOLLEXCLUSIVE, for sockets that workers share: a worker that is woken alone and has no place
// would leave the connection in the queue while the others sleep.
void EpollDoors::watch(Instant now) {
  if (now < pauses_until_) return;
  for (Door& door : doors_) {
    if (door.watched == Watched::yes) continue;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = uint64_t{door.number} << 32 | index_;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, door.listener->descriptor(), &event) != 0) {
      pause(now);
      return;
    }
    door.watched = Watched::yes;
  }
}

void EpollDoors::unwatch(uint32_t number) {
  if (Door* const door = find(number)) unwatch_door(*door);
}

EpollDoors::Accepted EpollDoors::accept(uint32_t number, SocketAddress& peer, Instant now) {
  const Door* const door = find(number);
  if (!door) return {};
  while (true) {
    socklen_t bytes = SocketAddress::raw_bytes_max;
    const int descriptor =
        ::accept4(door->listener->descriptor(), peer.raw(), &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      peer.set_raw_bytes(bytes);
      return {descriptor, door->listener->id()};
    }
    if (concerns_one_connection(errno)) continue;
    if (errno != EAGAIN) pause(now);
    return {};
  }
}

EpollDoors::Door* EpollDoors::find(uint32_t number) {
  for (Door& door : doors_) {
    if (door.number == number) return &door;
  }
  return nullptr;
}

void EpollDoors::unwatch_door(Door& door) {
  if (door.watched == Watched::no) return;
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, door.listener->descriptor(), nullptr);
  door.watched = Watched::no;
}

void EpollDoors::pause(Instant now) {
  pauses_until_ = now + pause_time;
  for (Door& door : doors_) unwatch_door(door);
}

}  // namespace fanfare
