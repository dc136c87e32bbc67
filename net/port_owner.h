// net/port_owner.h: who listens on a TCP port of this machine, for the message that says it is
// taken.
//
// Any thread. Best effort: reads /proc, so processes of other users and other containers stay
// unseen.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "net/address.h"

namespace fanfare {

struct PortOwner {
  std::string name;  // as in /proc/PID/comm
  pid_t pid = 0;
};

// The process whose listening socket stands in the way of `address`; nothing if none can be seen.
std::optional<PortOwner> find_port_owner(const SocketAddress& address);

}  // namespace fanfare
