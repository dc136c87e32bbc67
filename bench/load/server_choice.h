// bench/load/server_choice.h: which server a workload measures, by flags: the broker, or the floor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/load/flags.h"
#include "bench/load/subject.h"

namespace fanfare::bench {

struct ServerChoice {
  std::string server;  // "broker" or "floor"
  std::string engine;  // "epoll" or "io_uring"
  std::string binary;  // of the broker
  uint32_t workers = 1;
  int server_core = -1;
  int generator_core = -1;
  uint32_t descriptors = 0;
};

// Reads --server, --engine, --binary, --workers, --server-core, --core and --descriptors, and pins
// this process.
ServerChoice choose_server(Flags& flags, int server_core, int generator_core);

// Starts the broker; ends the program if it runs another engine than the chosen one.
std::unique_ptr<Subject> start_broker(const ServerChoice& choice,
                                      const std::vector<std::string>& extra);

}  // namespace fanfare::bench
