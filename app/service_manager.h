// app/service_manager.h: what systemd is told (sd_notify(3)) and what it hands over
// (sd_listen_fds(3)), without its library.
//
// Thread: main's. Both are plain protocols over environment variables, a datagram and descriptors:
// systemd itself advises against linking a library for them. Without NOTIFY_SOCKET nothing is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace fanfare {

class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment, and removes them: what
  // this process starts is none of the service manager's business.
  static ServiceManager of_environment();
  ~ServiceManager();
  ServiceManager(ServiceManager&& other) noexcept;
  ServiceManager& operator=(ServiceManager&&) = delete;

  bool present() const { return socket_ >= 0; }
  void ready(std::string_view status) const;  // serves (again, after a reload)
  void reloading() const;                     // followed by ready()
  void stopping(Duration at_most) const;      // drains; asks for that long, and a margin
  void status(std::string_view text) const;   // one line for `systemctl status`
  // Sends the sign of life when it is due; `alive` is asked only then. Not alive: nothing is sent,
  // and the manager restarts the service.
  template <class Alive>
  void watch(Instant now, const Alive& alive) {
    if (watchdog_ == Duration{} || now < next_sign_) return;
    next_sign_ = now + watchdog_ / 3;
    if (alive()) send("WATCHDOG=1");
  }
  Duration watchdog() const { return watchdog_; }  // 0: none asked for

 private:
  ServiceManager() = default;
  void send(std::string_view text) const;

  int socket_ = -1;
  Duration watchdog_{};
  Instant next_sign_{};
};

// Descriptors of listening sockets that were handed over (LISTEN_FDS, LISTEN_PID), close-on-exec
// set; the variables are removed. Empty without. An error if the variables make no sense.
Result<std::vector<int>> inherited_sockets();

}  // namespace fanfare
