// net/engine_choice.h: which engine this machine gets, and why, in words for the log and metrics.
//
// Thread: main's, before workers start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "net/engine.h"

namespace fanfare {

struct EngineChosen {
  std::string name;    // "io_uring" or "epoll", as Engine::name()
  std::string reason;  // "asked for", "it works here", "io_uring is forbidden here (EPERM: ...)"
  bool uring = false;
};

// Does on a loopback connection what workers will do, with the engine itself: accept, receive, send
// in full, short, to a full socket and to a broken one, wake, hear a hang-up, close. By doing and
// not by version: containers, sandboxes and backports make version numbers lie. Takes milliseconds,
// a second or two where something hangs. Empty: io_uring works; otherwise why it does not.
std::string probe_uring();

// `wanted` is "auto" (io_uring where it works, else epoll), "io_uring" (an error where it does not,
// which says what to change) or "epoll".
Result<EngineChosen> choose_engine(std::string_view wanted);

// One for each worker.
Result<std::unique_ptr<Engine>> make_engine(const EngineChosen& chosen, uint32_t capacity);

}  // namespace fanfare
