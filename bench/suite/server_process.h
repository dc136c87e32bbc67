// bench/suite/server_process.h: the server that is measured: a broker of this very binary, started
// and ended with the measurement, or one that runs already and whose processes are found by its
// port.
//
// Owned by: the conductor.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace fanfare::bench {

struct BrokerOptions {
  std::string engine = "auto";
  uint32_t workers = 1;
  int core = -1;  // pinned to it; -1: free
  std::vector<std::string> flags;
};

struct ServerUse {
  double cpu_s = 0;             // of all its processes
  uint64_t resident_bytes = 0;  // the sum of theirs
};

class ServerProcess {
 public:
  static Result<std::unique_ptr<ServerProcess>> start(const BrokerOptions& options);
  // `process` 0: whoever listens at this port.
  static std::unique_ptr<ServerProcess> find(uint16_t port, pid_t process);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& url() const { return url_; }        // of one that was started
  const std::string& socket() const { return socket_; }  // its Unix socket
  const std::string& internal() const { return internal_; }
  bool is_known() const { return !roots_.empty(); }  // its processes are on this machine
  bool has_ended() const;                            // one that was started, by itself
  ServerUse use() const;
  // Of a Fanfare that tells: "io_uring" or "epoll".
  std::string engine() const;

 private:
  ServerProcess() = default;
  const std::vector<pid_t>& tree() const;

  std::vector<pid_t> roots_;
  mutable std::vector<pid_t> tree_;  // looked up now and then: it costs a walk through /proc
  mutable Instant tree_until_{};
  pid_t child_ = -1;
  int output_ = -1;
  std::string directory_, socket_, url_, internal_;
};

// Processes that hold a socket listening at this TCP port.
std::vector<pid_t> processes_listening_at(uint16_t port);

}  // namespace fanfare::bench
