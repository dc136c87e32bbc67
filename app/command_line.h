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

#include "app/load_settings.h"
#include "core/time.h"

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

struct BrokerArguments {  // of pub and sub: where the broker is
  std::string url = "http://127.0.0.1:8080";
  std::string socket;    // path of a Unix socket, instead of the URL; empty: none
  std::string key_file;  // empty: none
};
enum class PubForm : uint8_t { text, json };
struct PubArguments {
  BrokerArguments broker;
  std::string topic;
  std::string event;  // type; empty: none
  PubForm form = PubForm::text;
};
enum class SubForm : uint8_t { people, json, data };
struct SubArguments {
  BrokerArguments broker;
  std::vector<std::string> topics;
  std::string since, last, last_event_id;  // at most one is not empty
  SubForm form = SubForm::people;
};
struct HealthcheckArguments {
  std::string url = "http://127.0.0.1:8081/readyz";
  Duration timeout = std::chrono::seconds(2);
};

// Nothing to run: --help, --version, or an error for standard error with exit code 2.
struct Said {
  std::string text;
  int exit_code = 0;
};

using CommandLine = std::variant<Said, ServeArguments, CheckArguments, PreflightArguments,
                                 PubArguments, SubArguments, HealthcheckArguments>;

// `words` without the program's name.
CommandLine parse_command_line(std::span<const char* const> words);

}  // namespace fanfare
