// tests/net/engine_makers.h: the engines of this machine that the contract is tested on.
#pragma once

#include <vector>

#include "net/epoll_engine.h"
#include "tests/net/engine_fixture.h"
#if __has_include("net/uring_engine.h")
#include "net/uring_engine.h"
#endif

namespace fanfare {

inline std::vector<EngineMaker> engine_makers() {
  std::vector<EngineMaker> makers;
  makers.push_back({"epoll", make_epoll_engine});
#if __has_include("net/uring_engine.h")
  makers.push_back({"io_uring", make_uring_engine});
#endif
  return makers;
}

}  // namespace fanfare
