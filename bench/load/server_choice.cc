// bench/load/server_choice.cc: the command line of the broker that is measured.
#include "bench/load/server_choice.h"

#include "bench/load/process_stats.h"

namespace fanfare::bench {

ServerChoice choose_server(Flags& flags, int server_core, int generator_core) {
  ServerChoice choice;
  choice.server = flags.text("server", "broker");
  choice.engine = flags.text("engine", "epoll");
  choice.binary = flags.text("binary", "build/release/fanfare");
  choice.workers = flags.count("workers", 1);
  // -1 leaves the choice to the kernel and so cannot be said as a number here: "free" says it.
  const auto core = [&](const char* name, int otherwise) {
    const std::string text = flags.text(name, std::to_string(otherwise));
    return text == "free" ? -1 : std::stoi(text);
  };
  choice.server_core = core("server-core", server_core);
  choice.generator_core = core("core", generator_core);
  choice.descriptors = flags.count("descriptors", 0);
  if (choice.server != "broker" && choice.server != "floor") {
    fail("--server is broker or floor, not '" + choice.server + "'", 2);
  }
  pin_to_core(choice.generator_core);
  return choice;
}

std::unique_ptr<Subject> start_broker(const ServerChoice& choice,
                                      const std::vector<std::string>& extra) {
  SubjectOptions options;
  options.command = {choice.binary, "serve",       "--listen",    "127.0.0.1:0",
                     "--internal",  "127.0.0.1:0", "--workers",   std::to_string(choice.workers),
                     "--engine",    choice.engine, "--log-level", "warn"};
  options.command.insert(options.command.end(), extra.begin(), extra.end());
  options.core = choice.server_core;
  options.descriptors = choice.descriptors;
  auto broker = std::make_unique<Subject>(options);
  if (const std::string runs = broker->engine(); runs != choice.engine) {
    fail("asked for " + choice.engine + ", but the broker runs " + runs, 3);
  }
  return broker;
}

}  // namespace fanfare::bench
