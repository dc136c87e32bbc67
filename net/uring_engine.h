// net/uring_engine.h: the engine on io_uring: direct descriptors, so that one process holds more
// streams than RLIMIT_NOFILE allows it descriptors; sends that complete inside one system call for
// a whole batch.
#pragma once

#include <memory>

#include "core/result.h"
#include "net/engine.h"

namespace fanfare {

// For slots 0 .. capacity-1; the kernel allows no more than RLIMIT_NOFILE of them for each ring.
// May be made by one thread and used by another. The error names the errno: EPERM and ENOSYS are
// how container runtimes forbid io_uring.
Result<std::unique_ptr<Engine>> make_uring_engine(uint32_t capacity);

}  // namespace fanfare
