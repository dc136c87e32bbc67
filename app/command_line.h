// app/command_line.h: what the words of the command line ask for; its .cc is the one file that
// includes CLI11.
//
// Thread: main's, before any other. Decides what was said, not whether it makes sense: settings are
// read by app/load_settings.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "app/healthcheck.h"
#include "app/load_settings.h"
#include "app/pub.h"
#include "app/sub.h"

namespace fanfare {

struct SettingArguments {  // of serve, check and preflight
  std::vector<FlagValues> flags;
  std::optional<std::string> config_file;
};

struct ServeArguments {
  SettingArguments settings;
};
enum class PrintDocs : uint8_t { no, yes };
struct CheckArguments {
  SettingArguments settings;
  std::optional<std::string> topic;
  PrintDocs print_docs = PrintDocs::no;
};
struct PreflightArguments {
  SettingArguments settings;
};
// Read by bench/suite/bench_options.h: this room knows nothing of measuring.
struct BenchArguments {
  std::vector<std::string> words;
};

// Nothing to run: --help, --version, or an error for standard error with exit code 2.
struct Said {
  std::string text;
  int exit_code = 0;
};

using CommandLine = std::variant<Said, ServeArguments, CheckArguments, PreflightArguments,
                                 PubOptions, SubOptions, HealthcheckOptions, BenchArguments>;

// `words` without the program's name.
CommandLine parse_command_line(std::span<const char* const> words);

}  // namespace fanfare
