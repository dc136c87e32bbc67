// net/uring_doors.h: the listeners of an io_uring engine, and the slots that were offered to them.
//
// Thread: its engine's.   Owned by: UringEngine.
// Each offer is one accept in flight at one listener, straight into its slot. With fewer offers
// than listeners, a listener without one is watched, and its client gets the offer of another.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/time.h"
#include "net/address.h"
#include "net/engine.h"
#include "net/uring_ring.h"

namespace fanfare {

class UringDoors {
 public:
  struct Accepted {
    SocketAddress peer;
    uint32_t listener = 0;
  };

  explicit UringDoors(UringRing& ring) : ring_(ring) {}

  void add(const Listener& listener);
  // Afterwards nothing in the kernel holds the listener's socket, and the listener is not used.
  void remove(const Listener& listener);
  void offer(Slot free);

  // Starts an accept for each offer that has none, unless accepting pauses: when the system has no
  // room for a connection it stays in the queue, and trying at once again would be a spin.
  void begin_accepts(Instant now);
  Instant pauses_until() const;  // never: nothing waits for that

  // Null: there is no connection, the offer stands. Valid until forget_accepted().
  const Accepted* on_accept(Slot slot, int result, Instant now);
  void on_client_waits(uint32_t door_number);
  void forget_accepted() { accepted_.clear(); }

 private:
  struct Door {
    const Listener* listener;
    uint32_t number;         // of this add(): a late completion of an earlier one is not its own
    unsigned accepting = 0;  // accepts in flight
    bool watched = false;    // a poll is in flight
    bool hungry = false;     // a client waits: the next offer is for it
  };
  // Where an accept runs, and where the kernel writes the client's address.
  struct Offer {
    uint32_t generation = 0;
    bool accepting = false;
    uint32_t door = 0;
    uint32_t listener = 0;
    SocketAddress peer;
    socklen_t peer_bytes = 0;
  };

  Door* find(uint32_t number);
  Door& neediest();
  void begin_accept(Slot slot, Door& door);
  void take_offer_from_another();

  UringRing& ring_;
  std::vector<Door> doors_;
  uint32_t next_number_ = 0;
  std::unordered_map<uint32_t, Offer> offers_;       // by index; nodes, since the kernel writes
  std::vector<Slot> waiting_;                        // offers without an accept
  std::unordered_map<uint32_t, Accepted> accepted_;  // by index; of the last wait()
  Instant pauses_until_ = Instant::min();
};

}  // namespace fanfare
