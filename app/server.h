// app/server.h: the workers, the bus and the listeners of one broker process.
//
// Thread: main's. start() returns when every listener accepts; the destructor stops what still
// runs.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/server_state.h"
#include "broker/worker.h"
#include "core/result.h"
#include "net/listener.h"

namespace fanfare {

class Server {
 public:
  // Errors are for the person at the terminal: what cannot be had, and what to change.
  // `inherited`: sockets that already listen; each must be one that the settings name.
  static Result<std::unique_ptr<Server>> start(
      const Settings& settings, std::vector<std::unique_ptr<Listener>> inherited = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "ready http://127.0.0.1:8080 unix:/run/fanfare.sock internal=http://127.0.0.1:8081"
  std::string ready_line() const;
  const ServerState& state() const { return *state_; }
  unsigned workers() const { return state_->workers(); }

  void use_settings(const Settings& settings);
  void begin_drain(Duration window);
  void stop();  // at once
  bool finished() const { return running_.load() == 0; }

 private:
  struct Door {
    DoorInfo info;
    SocketAddress address;                             // as bound
    std::string text;                                  // of the address
    std::vector<std::unique_ptr<Listener>> listeners;  // one for each worker, or one for all
  };

  Server() = default;
  Result<Done> open_doors(const Settings& settings, unsigned workers);
  std::unique_ptr<Listener> take_inherited(const SocketAddress& address);
  Result<Done> open_door(const std::string& address, const Settings& settings, unsigned workers,
                         bool internal);
  Result<Done> make_engines(const Settings& settings, unsigned workers);
  void run_worker(uint32_t index);

  std::shared_ptr<const LiveSettings> live_;
  std::vector<std::unique_ptr<Listener>> inherited_;  // until a door takes them
  std::vector<Door> doors_;
  std::vector<std::unique_ptr<Engine>> engines_;
  std::unique_ptr<ServerState> state_;
  std::vector<std::thread> threads_;
  std::atomic<unsigned> accepting_{0};  // workers that have begun
  std::atomic<unsigned> running_{0};
};

}  // namespace fanfare
