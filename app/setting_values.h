// app/setting_values.h: reading and printing one setting's value, by its type; only
// app/setting_table.cc needs it.
//
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/setting_table.h"

namespace fanfare {

// What a number, an amount of bytes or a duration (in nanoseconds) may be.
struct SettingRange {
  uint64_t least = 0;
  uint64_t most = std::numeric_limits<int64_t>::max();
};

// Each reads `text` into `value`, or says what is wrong with it.
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         uint64_t& value);
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         uint32_t& value);
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         Duration& value);
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         bool& value);
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         std::string& value);
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         EngineChoice& value);
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         LogFormat& value);
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         LagPolicy& value);
// Octal, as chmod takes it.
Result<Done> parse_mode(std::string_view text, std::optional<unsigned>& value);

std::string print_value(SettingKind kind, uint64_t value);
std::string print_value(SettingKind kind, uint32_t value);
std::string print_value(SettingKind kind, Duration value);
std::string print_value(SettingKind kind, bool value);
std::string print_value(SettingKind kind, const std::string& value);
std::string print_value(SettingKind kind, EngineChoice value);
std::string print_value(SettingKind kind, LogFormat value);
std::string print_value(SettingKind kind, LagPolicy value);
std::string print_mode(const std::optional<unsigned>& value);

// An optional that is not set is "auto", which also unsets it.
template <class T>
Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         std::optional<T>& value) {
  if (text == "auto") {
    value.reset();
    return Done();
  }
  T inner{};
  Result<Done> done = parse_value(kind, range, text, inner);
  if (done) value = inner;
  return done;
}
template <class T>
std::string print_value(SettingKind kind, const std::optional<T>& value) {
  return value ? print_value(kind, *value) : "auto";
}

}  // namespace fanfare
