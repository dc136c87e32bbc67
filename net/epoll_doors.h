// net/epoll_doors.h: the listeners of an epoll engine: watched while there is a place for what they
// bring.
//
// Thread: its engine's.   Owned by: EpollEngine.
#pragma once

#include <cstdint>
#include <vector>

#include "core/time.h"
#include "net/address.h"

namespace fanfare {

class Listener;

class EpollDoors {
 public:
  struct Accepted {
    int descriptor = -1;  // -1: nothing is there, or nothing can be taken now
    uint32_t listener = 0;
  };

  // Events of listeners carry `index` in the lower half of their number and a door's number in the
  // upper.
  explicit EpollDoors(uint32_t index) : index_(index) {}
  void use(int epoll) { epoll_ = epoll; }

  void add(Listener& listener);
  void remove(Listener& listener);

  // There is a place: watches every door, unless accepting pauses.
  void watch(Instant now);
  // The door has reported a connection that there is no place for.
  void unwatch(uint32_t number);
  // When the descriptor table is full, accepting pauses for 100 ms: the connection stays in the
  // queue, and watching it would be a spin.
  Accepted accept(uint32_t number, SocketAddress& peer, Instant now);
  Instant pauses_until() const { return pauses_until_; }

 private:
  enum class Watched : uint8_t { no, yes };
  struct Door {
    Listener* listener;
    uint32_t number;  // of this add(): an event of an earlier one is not taken for it
    Watched watched;
  };

  Door* find(uint32_t number);
  void unwatch_door(Door& door);
  void pause(Instant now);

  const uint32_t index_;
  int epoll_ = -1;
  std::vector<Door> doors_;
  uint32_t next_number_ = 0;
  Instant pauses_until_ = Instant::min();
};

}  // namespace fanfare
