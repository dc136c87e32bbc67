// bench/load/main.cc: fanfare-bench SUBCOMMAND [--flag value ...]
#include <cstdio>
#include <map>
#include <span>
#include <string>

#include "bench/load/workloads.h"

int main(int argc, char** argv) {
  using namespace fanfare::bench;
  static const std::map<std::string, int (*)(Flags&)> commands = {
      {"fanout", run_fanout}, {"floor-server", run_floor_server}, {"sweep", run_sweep},
      {"verify", run_verify}, {"event-floor", run_event_floor},
  };
  const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
  const auto command = words.size() < 2 ? commands.end() : commands.find(words[1]);
  if (command == commands.end()) {
    std::fprintf(stderr, "Usage: fanfare-bench COMMAND [--flag value ...]\n\nCommands:");
    for (const auto& [name, run] : commands) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\nbench/README.md says what each measures.\n");
    return 2;
  }
  Flags flags(words.subspan(2));
  return command->second(flags);
}
