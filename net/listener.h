// net/listener.h: a socket that is bound and listens; engines accept from it.
//
// Thread: opened and closed by main; while workers run it is only read. A TCP address has one
// listener per worker (SO_REUSEPORT); a Unix socket has one listener that every worker accepts
// from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/result.h"
#include "net/address.h"

namespace fanfare {

struct ListenerOptions {
  uint32_t id = 0;     // comes back as Ready::listener
  int backlog = 4096;  // the kernel cuts it to somaxconn
  uint32_t notsent_lowat_bytes =
      16384;  // bounds the kernel's share of a stalled reader; inherited by accepted sockets
  uint32_t receive_buffer_bytes = 0;  // 0: the kernel's default
  std::optional<mode_t> socket_mode;  // of a Unix socket
  std::string socket_owner;           // "user:group", "user", ":group"; empty: unchanged
};

class Listener {
 public:
  // Binds `count` sockets to one address (1 for Unix). The first bind is exclusive, so that a
  // second broker is refused although workers share the port. Port 0: all share the port that the
  // kernel chose for the first. A stale Unix socket file is replaced, a live one never. Errors name
  // the cause and the cure, and for a port in use who uses it: "cannot listen on 127.0.0.1:8080: in
  // use by node (pid 4242). Try --listen 127.0.0.1:0".
  static Result<std::vector<std::unique_ptr<Listener>>> open(const SocketAddress& address,
                                                             unsigned count,
                                                             const ListenerOptions& options);
  // A socket that already listens, handed over by whoever started this process; taken even if it is
  // refused. All workers accept from it. A Unix socket's file stays its maker's.
  static Result<std::unique_ptr<Listener>> inherit(int descriptor);
  // Sets what its connections inherit, as open() does.
  void set_options(const ListenerOptions& options);
  // Closes the socket; the last of a Unix socket removes its file if the file is still its own.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  uint32_t id() const { return id_; }
  const SocketAddress& address() const { return address_; }  // with the port that was chosen
  int descriptor() const { return descriptor_; }

  // For the simulated engine: a listener without a socket.
  static std::unique_ptr<Listener> simulated(uint32_t id);

 private:
  Listener() = default;

  uint32_t id_ = 0;
  SocketAddress address_;
  int descriptor_ = -1;
  ino_t file_ = 0;  // inode of a Unix socket's file
};

}  // namespace fanfare
