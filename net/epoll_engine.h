// net/epoll_engine.h: the engine for every Linux: readiness from epoll, then plain recv, send and
// accept4.
#pragma once

#include <cstdint>
#include <memory>

#include "core/result.h"
#include "net/engine.h"

namespace fanfare {

// For slots 0 .. capacity-1, 16 bytes each. Descriptors count against RLIMIT_NOFILE: when the table
// is full, connections wait in the listener's queue and accepting is tried again every 100 ms.
Result<std::unique_ptr<Engine>> make_epoll_engine(uint32_t capacity);

}  // namespace fanfare
