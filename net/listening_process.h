// net/listening_process.h: which process listens on a port or socket of this machine, for the
// message that says it is taken.
//
// Any thread. Best effort: reads /proc, so processes of other containers, and for a port those of
// other users, stay unseen.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "net/address.h"

namespace fanfare {

struct ListeningProcess {
  std::string name;  // as in /proc/PID/comm
  pid_t pid = 0;
};

// The process whose listening socket stands in the way of a TCP `address`; nothing if none can be
// seen.
std::optional<ListeningProcess> find_listening_process(const SocketAddress& address);

// The process that made the Unix socket listen to which `connected` was connected; nothing if it
// has ended or cannot be seen.
std::optional<ListeningProcess> listening_process_behind(int connected);

}  // namespace fanfare
