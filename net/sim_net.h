// net/sim_net.h: the world of simulated engines: one clock, one seed, the connections and the
// weather.
//
// Thread: one for all of it, its engines and its peers (only Waker::wake may come from others).
// Owner: the test. It must outlive its engines; its peers live as long as it does.
// The same seed and the same calls give the same run; every broken rule is reported with the seed.
// A world holds any number of engines, so that a whole broker of several workers runs in one
// thread.
//
//   SimNet net(seed, SimWeather::rough());
//   auto engine = net.make_engine(64);
//   auto listener = Listener::simulated(1);
//   engine->listen(*listener);
//   SimPeer& peer = net.connect(1);
//   peer.write("GET / HTTP/1.1\r\n\r\n");
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/random.h"
#include "core/time.h"
#include "net/address.h"
#include "net/engine.h"

namespace fanfare {

class SimEngine;
class SimPeer;

// What may go wrong, each a probability of 0 to 1. All zero: calm, nothing surprising happens.
struct SimWeather {
  double short_send = 0;       // a send takes less than there is room for
  double would_block = 0;      // a send takes nothing although there is room, for up to delay_max
  double split = 0;            // bytes come in pieces
  double reorder = 0;          // a wait's entries come in any order
  double fewer = 0;            // a wait returns less than it could
  double delay = 0;            // what is sent, connects or closes takes up to delay_max
  double reset = 0;            // the network breaks a connection, at each transfer
  double release_refused = 0;  // Engine::release answers -1
  double adopt_refused = 0;    // Engine::adopt answers false
  Duration delay_max = std::chrono::milliseconds(20);
  Duration wait_time = std::chrono::microseconds(1);  // every wait() takes so long

  // Everything but broken connections, which a test must ask for.
  static SimWeather rough();
  // Each probability drawn from the seed, some of them zero; no broken connections.
  static SimWeather drawn(uint64_t seed);
};

class SimNet {
 public:
  explicit SimNet(uint64_t seed, SimWeather weather = {});
  ~SimNet();
  SimNet(const SimNet&) = delete;
  SimNet& operator=(const SimNet&) = delete;

  std::unique_ptr<SimEngine> make_engine(uint32_t capacity);

  // A client that connects to the listeners of this id, from a loopback port of its own or from
  // `from`; one with a Unix address has none to show.
  SimPeer& connect(uint32_t listener_id);
  SimPeer& connect(uint32_t listener_id, const SocketAddress& from);

  Instant now() const { return now_; }
  WallTime wall_now() const;
  void jump_wall_clock(Duration by) { wall_jump_ += by; }  // backwards too
  // Lets time pass, as a busy thread would; what falls due in it happens. A worker's clock may do
  // it too, so that work takes time: [&] { net.advance(1us); return net.now(); }
  void advance(Duration by) { advance_to(now_ + by); }
  // Does `action` when its time has come, inside some wait() or advance(). It may use peers and
  // this world, not an engine.
  void after(Duration delay, std::function<void()> action);

  // Nothing is on its way and no engine has anything to tell: only timers or new calls go on.
  bool idle() const;

  SimWeather& weather() { return weather_; }
  Random& random() { return random_; }
  uint64_t seed() const { return seed_; }
  std::size_t waiting_connections(uint32_t listener_id) const;  // not yet promised to an engine
  std::size_t released_connections() const { return released_.size(); }  // nobody has adopted yet

  // For the parts of the simulation.

  // A broken rule of the caller: aborts with the rule, the seed and the slot.
  void demand(bool kept, const char* rule, Slot slot = {}) const;
  void at(Instant when, std::function<void()> action);
  Duration some_delay();
  // Gives waiting connections to engines that have offered slots for them.
  void dispatch(uint32_t listener_id);
  void take_back(SimPeer& peer);  // an engine stopped listening before it accepted this one
  int release(SimPeer& peer);
  SimPeer* adopt(int descriptor);
  void begin_wait(SimEngine& engine);
  // Moves time towards `until`. False: it has come, or another engine must have its turn first.
  bool sleep(SimEngine& engine, Instant until);
  void forget(SimEngine& engine);

 private:
  struct Sleeper {
    SimEngine* engine = nullptr;
    Instant until{};
    bool asleep = false;
    unsigned vain_waits = 0;  // of others, since it last waited
  };
  using Planned = std::multimap<Instant, std::function<void()>>;  // equal times keep their order

  void advance_to(Instant when);
  bool quiet(const Sleeper& sleeper) const;
  // How far time may go before an engine must run; now_ if one must run at once.
  Instant clear_until(const SimEngine& sleeping);

  const uint64_t seed_;
  SimWeather weather_;
  Random random_;
  Instant now_;
  Instant start_;
  Duration wall_jump_{};
  Planned planned_;
  std::vector<Sleeper> engines_;
  std::vector<std::unique_ptr<SimPeer>> peers_;
  std::map<uint32_t, std::deque<SimPeer*>> backlog_;  // by listener
  std::map<int, SimPeer*> released_;
  int next_descriptor_;
};

}  // namespace fanfare
