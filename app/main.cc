// app/main.cc: reads the command line and runs what it asks for.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "app/check.h"
#include "app/command_line.h"
#include "app/load_settings.h"
#include "app/log.h"
#include "app/machine.h"
#include "app/memory_budget.h"
#include "app/preflight.h"
#include "app/serve.h"
#include "app/setting_docs.h"
#include "app/setting_table.h"
#include "app/stop_signals.h"
#if FANFARE_BENCH
#include "bench/suite/bench_command.h"
#endif

namespace fanfare {
namespace {

constexpr int usage_exit_code = 2;

SettingSources sources_of(const SettingArguments& arguments) {
  return {arguments.flags, environment_of_process(), arguments.config_file};
}

// Loaded, and with what only this machine can say filled in.
Result<Settings> settings_from(const SettingSources& sources) {
  auto loaded = load_settings(sources);
  if (!loaded) return Error{loaded.error()};
  Settings settings = std::move(loaded->settings);
  if (settings.workers == 0) settings.workers = usable_cores();
  set_log(settings.log, settings.log_level);
  return settings;
}

// A fault leaves everything as it is; what a reload cannot change is named.
Result<Settings> reload(const SettingSources& sources, const Settings& running) {
  auto settings = settings_from(sources);
  if (!settings) return settings;
  for (const std::string& name : changes_that_need_restart(running, *settings)) {
    log_warn("reload.needs_restart", {{"setting", name}});
  }
  return settings;
}

int run(const Said& said) {
  fmt::print(said.exit_code == 0 ? stdout : stderr, "{}", said.text);
  return said.exit_code;
}

int run(const ServeArguments& arguments) {
  const SettingSources sources = sources_of(arguments.settings);
  const auto settings = settings_from(sources);
  if (!settings) {
    fmt::print(stderr, "fanfare serve: {}\n", settings.error());
    return usage_exit_code;
  }
  raise_descriptor_limit();
  log_memory_budget(memory_budget(*settings, descriptor_limit().soft), usable_memory_bytes());
  return run_serve(*settings, [&] { return reload(sources, *settings); });
}

int run(const CheckArguments& arguments) {
  if (arguments.print_docs == PrintDocs::yes) {
    fmt::print("{}", configuration_docs());
    return 0;
  }
  return run_check(sources_of(arguments.settings), arguments.topic);
}

int run(const PreflightArguments& arguments) {
  return run_preflight(sources_of(arguments.settings));
}

int run(const PubOptions& options) {
  return run_pub(options, STDIN_FILENO, std::cerr, stop_descriptor_of_signals());
}
int run(const SubOptions& options) {
  return run_sub(options, STDOUT_FILENO, std::cerr, stop_descriptor_of_signals());
}
int run(const HealthcheckOptions& options) {
  return run_healthcheck(options, std::cout);
}
int run(const BenchArguments& arguments) {
#if FANFARE_BENCH
  return bench::run_bench_command(arguments.words, stop_descriptor_of_signals());
#else
  fmt::print(stderr, "fanfare bench: this binary was built without it ({} words unread)\n",
             arguments.words.size());
  return usage_exit_code;
#endif
}

}  // namespace
}  // namespace fanfare

int main(int argc, char** argv) {
  const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
  const auto line = fanfare::parse_command_line(words.subspan(words.empty() ? 0 : 1));
  return std::visit([](const auto& arguments) { return fanfare::run(arguments); }, line);
}
