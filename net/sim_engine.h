// net/sim_engine.h: the simulated engine: any behaviour the contract allows, chosen by a seed.
//
// Thread: its world's.   Owned by: the test or its worker; SimNet outlives it.
// Stricter than a kernel: a caller that breaks the contract of net/engine.h is stopped at once,
// with the rule and the seed. Wanting what is already wanted counts as breaking it. What a wait()
// returned is freed by the next one, so that a sanitizer sees who keeps it. Time stands still while
// anything is ready. With several engines in one world a wait() may return nothing before `until`
// has come, so that the others have their turn; an engine that nobody waits on any more holds up
// the others for a few calls only.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "net/engine.h"
#include "net/sim_net.h"
#include "net/sim_peer.h"

namespace fanfare {

class SimEngine final : public Engine {
 public:
  SimEngine(SimNet& net, uint32_t capacity);  // by SimNet::make_engine only
  ~SimEngine() override;  // closes its connections, as the end of a process does

  std::span<const Ready> wait(Instant until, unsigned most) override;
  void send(std::span<Send> batch) override;
  void listen(Listener& listener) override;
  void unlisten(Listener& listener) override;
  void offer(Slot free) override;
  void want_bytes(Slot slot) override;
  void want_writable(Slot slot) override;
  void want_hangup(Slot slot) override;
  void close(Slot slot, CloseHow how) override;
  std::optional<uint32_t> unacknowledged(Slot slot) override;
  int release(Slot slot) override;
  bool adopt(Slot slot, int descriptor) override;
  std::shared_ptr<Waker> waker() override;
  Instant now() const override { return now_; }
  WallTime wall_now() const override { return wall_now_; }
  uint32_t capacity() const override { return static_cast<uint32_t>(places_.size()); }
  const char* name() const override { return "simulated"; }

  // For SimNet.
  bool has_ready() const;
  bool could_accept(uint32_t listener_id) const;
  void promise(SimPeer& peer) { promised_.push_back(&peer); }

 private:
  enum class State : uint8_t { free, offered, open, closing };
  struct Place {
    SimPeer* peer = nullptr;
    uint64_t batch = 0;       // the last send() that named it
    uint32_t generation = 0;  // of its last use
    State state = State::free;
    bool used = false;
    bool wants_bytes = false;
    bool wants_writable = false;
    bool wants_hangup = false;
    bool touched = false;  // is in touched_
  };
  struct Entry {
    Got got;
    uint32_t index = 0;  // of the place
  };
  class Flag;

  Place& open_place(Slot slot, const char* rule);
  Place& begin_use(Slot slot, State state, const char* rule);
  void attach(uint32_t index, SimPeer& peer);
  void touch(uint32_t index);
  void forget_wants(Place& place);
  bool has_news(const Place& place) const;
  std::vector<Entry> collect();
  std::size_t choose(std::vector<Entry>& entries, unsigned most);
  void emit(const Entry& entry);
  void emit_accepted();
  void emit_bytes(Place& place, Ready& ready);

  SimNet& net_;
  Instant now_;
  WallTime wall_now_;
  std::shared_ptr<Flag> woken_;
  std::vector<Place> places_;
  std::vector<uint32_t> touched_;  // places that may have something to tell
  std::vector<Slot> offered_;
  std::multiset<uint32_t> listening_;
  std::deque<SimPeer*> promised_;  // each will take one of offered_
  uint64_t batches_ = 0;

  // Valid until the next wait().
  std::vector<Ready> ready_;
  std::vector<std::unique_ptr<std::byte[]>> buffers_;
  std::vector<std::unique_ptr<SocketAddress>> addresses_;
};

}  // namespace fanfare
