// broker/stream_extra.h: what only some streams have: bytes of their own, and what they still need
// to open.
//
// Thread: its worker's.   Owned by: its Stream; made when needed, freed when nothing in it is left.
#pragma once

#include <memory>
#include <string>

#include "broker/replay.h"

namespace fanfare {

struct StreamExtra {
  std::string own;           // head, gap, message to it, close, heartbeat: sent only between events
  std::size_t own_sent = 0;  // a prefix of `own` has gone
  bool own_ends_body = false;
  std::unique_ptr<Opening> opening;  // its head waits for the first page of history
  std::unique_ptr<ReplayAt> replay;  // where its catch-up is

  bool own_pending() const { return own_sent < own.size(); }
  bool empty() const { return !own_pending() && !opening && !replay; }
};

}  // namespace fanfare
