// tests/sim/sim_broker.h: a whole broker of several workers in one thread, on simulated engines.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/access_rules.h"
#include "broker/worker.h"
#include "net/listener.h"
#include "net/sim_engine.h"
#include "net/sim_net.h"

namespace fanfare {

class SimBroker {
 public:
  static constexpr uint32_t tcp = 0, unix_socket = 1;  // listener ids

  SimBroker(uint64_t seed, const SimWeather& weather, unsigned workers, const Settings& settings,
            uint32_t capacity = 512)
      : net(seed, weather),
        live_(std::make_shared<const LiveSettings>(settings, access_rules_of(settings))) {
    BusOptions bus;
    bus.slots = settings.bus_slots;
    bus.bytes_max = settings.bus_bytes;
    bus.workers = workers;
    state = std::make_unique<ServerState>(workers, bus, Epoch{seed | 1}, MacKey{});
    for (uint32_t i = 0; i < workers; ++i) {
      engines_.push_back(net.make_engine(capacity));
      state->doors[i].waker = engines_[i]->waker();
    }
    for (uint32_t i = 0; i < workers; ++i) {
      const auto clock = [this] {
        net.advance(std::chrono::microseconds(5));
        return net.now();
      };
      workers_.push_back(std::make_unique<Worker>(i, *state, *engines_[i], live_, clock, seed + i));
      for (const uint32_t id : {tcp, unix_socket}) {
        listeners_.push_back(Listener::simulated(id));
        const auto door = id == tcp ? Door::loopback : Door::unix_socket;
        workers_[i]->listen(*listeners_.back(), {door, false});
      }
    }
    state->accepting = true;
  }
  ~SimBroker() { workers_.clear(); }

  // Each worker once, beginning with a different one each time.
  void turn() {
    const std::size_t first = net.random().below(static_cast<uint32_t>(workers_.size()));
    for (std::size_t i = 0; i < workers_.size(); ++i)
      turn_one((first + i) % workers_.size(), std::chrono::milliseconds(50));
  }
  // One of them, as if the others were descheduled.
  void turn_some() {
    turn_one(net.random().below(static_cast<uint32_t>(workers_.size())), Duration{});
  }
  // Asks every worker to drain, as SIGTERM does.
  void drain(Duration window) {
    state->draining = true;
    for (uint32_t i = 0; i < state->workers(); ++i) state->send(i, BeginDrain{window});
  }
  void run_for(Duration time) {
    for (const Instant end = net.now() + time; net.now() < end;) turn();
  }
  // Until it holds, or for a minute of simulated time. Whether it came to hold.
  bool run_until(const std::function<bool()>& holds) {
    for (const Instant end = net.now() + std::chrono::minutes(1); net.now() < end;) {
      if (holds()) return true;
      turn();
    }
    return holds();
  }
  bool finished() const {
    for (const auto& worker : workers_) {
      if (!worker->finished()) return false;
    }
    return true;
  }

  SimNet net;
  std::unique_ptr<ServerState> state;

 private:
  void turn_one(std::size_t worker, Duration patience) {
    if (!workers_[worker]->finished()) workers_[worker]->turn(net.now() + patience);
  }

  std::shared_ptr<const LiveSettings> live_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<SimEngine>> engines_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace fanfare
