// app/help.h: what `fanfare --help` and `fanfare COMMAND --help` say.
//
// Thread: any; pure functions. The flags of settings come from the table (app/setting_table.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fanfare {

constexpr std::string_view fanfare_version = "0.1.0";

struct CommandHelp {
  std::string_view name;     // "pub"
  std::string_view summary;  // one line
  std::string_view usage;    // "fanfare pub [flags] TOPIC"
  std::string_view text;     // what it does, its own flags, examples
};

std::span<const CommandHelp> command_helps();
const CommandHelp* find_command_help(std::string_view name);  // null: no such command

std::string general_help();
std::string command_help(std::string_view name);  // of a command that exists

}  // namespace fanfare
