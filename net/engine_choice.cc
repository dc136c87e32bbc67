// net/engine_choice.cc: the choice; net/uring_probe.cc does the trying.
#include "net/engine_choice.h"

#include <fmt/core.h>

#include "net/epoll_engine.h"
#include "net/uring_engine.h"

namespace fanfare {

Result<EngineChosen> choose_engine(std::string_view wanted) {
  if (wanted == "epoll") return EngineChosen{"epoll", "asked for", false};
  if (wanted != "auto" && wanted != "io_uring") {
    return Error{fmt::format("no engine is called \"{}\"; it is auto, io_uring or epoll", wanted)};
  }
  const std::string fault = probe_uring();
  const bool asked_for = wanted == "io_uring";
  if (fault.empty()) {
    return EngineChosen{"io_uring", asked_for ? "asked for" : "it works here", true};
  }
  if (!asked_for) return EngineChosen{"epoll", fault, false};
  return Error{fmt::format(
      "cannot use --engine io_uring: {}. Allow io_uring_setup, io_uring_enter and "
      "io_uring_register in the seccomp profile, set sysctl kernel.io_uring_disabled=0, and run "
      "Linux 6.1 or later; or use --engine auto, which takes epoll where io_uring does not work",
      fault)};
}

Result<std::unique_ptr<Engine>> make_engine(const EngineChosen& chosen, uint32_t capacity) {
  return chosen.uring ? make_uring_engine(capacity) : make_epoll_engine(capacity);
}

}  // namespace fanfare
