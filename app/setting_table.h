// app/setting_table.h: the one table of everything that can be set: names, help, how it is read and
// printed.
//
// Flags, environment variables, TOML keys, --help and docs/CONFIGURATION.md are all made of it.
// [[key]] and [[topic]], which only a file can hold, are in app/toml_settings.h. Thread: any;
// immutable.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/settings.h"
#include "core/result.h"

namespace fanfare {

enum class SettingKind : uint8_t { text, list, count, bytes, duration, on_off, flag, choice, mode };

// What follows the flag in a help line: "BYTES", "DURATION".
std::string_view value_name_of(SettingKind kind);

// May a reload (SIGHUP) change it?
enum class Reload : uint8_t { takes_effect, needs_restart };

struct Setting {
  std::string name;  // "history-events"; the flag is --history-events
  std::string key;   // "history_events", in TOML; dotted if it is in a table: "anonymous.publish"
  std::string_view group;
  SettingKind kind;
  Reload reload;
  std::string help;  // a sentence without a full stop, with the unit

  // Sets it from what a source says: one text, or any number for a list. An error says what is
  // wrong with the value and what is right, but not where it stood: the caller knows.
  std::function<Result<Done>(Settings&, std::span<const std::string>)> parse;
  // As parse reads it; lists are separated by commas.
  std::function<std::string(const Settings&)> print;

  std::string flag() const { return "--" + name; }
  std::string variable() const;  // "FANFARE_HISTORY_EVENTS"
};

std::span<const Setting> setting_table();
const Setting* find_setting_by_name(std::string_view name);  // null: none
const Setting* find_setting_by_key(std::string_view key);

// Sets one setting by its name; it must exist. For tests and tools.
Result<Done> set_setting(Settings& settings, std::string_view name, std::string_view value);

// The names of rows that differ and take effect only after a restart, for the log of a reload.
std::vector<std::string> changes_that_need_restart(const Settings& running, const Settings& wanted);

// The parts of "a,b,c", without white space around them.
std::vector<std::string> split_list(std::string_view text);

}  // namespace fanfare
