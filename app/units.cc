// app/units.cc: reading is strict and exact: an amount that does not fit is an error, never cut.
#include "app/units.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace fanfare {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array<Unit, 8> byte_units = {{{"", 1},
                                             {"B", 1},
                                             {"KiB", uint64_t{1} << 10},
                                             {"MiB", uint64_t{1} << 20},
                                             {"GiB", uint64_t{1} << 30},
                                             {"kB", 1'000},
                                             {"MB", 1'000'000},
                                             {"GB", 1'000'000'000}}};
constexpr std::array<Unit, 5> time_units = {{{"ms", 1'000'000},
                                             {"s", 1'000'000'000},
                                             {"m", 60'000'000'000},
                                             {"h", 3'600'000'000'000},
                                             {"d", 86'400'000'000'000}}};

struct Amount {
  uint64_t number = 0;
  std::string_view unit;
  std::string_view rest;
};

// A number and the letters after it.
std::optional<Amount> take_amount(std::string_view text) {
  Amount amount;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), amount.number, 10);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
  amount.unit = text.substr(0, letters);
  amount.rest = text.substr(letters);
  return amount;
}

template <std::size_t n>
std::optional<uint64_t> factor_of(const std::array<Unit, n>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.factor;
  }
  return std::nullopt;
}

std::optional<uint64_t> scaled(uint64_t number, uint64_t factor, uint64_t most) {
  if (number > most / factor) return std::nullopt;
  return number * factor;
}

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) {
  const auto amount = take_amount(text);
  const auto factor = amount ? factor_of(byte_units, amount->unit) : std::nullopt;
  if (!factor || !amount->rest.empty()) {
    return Error{
        fmt::format("'{}' is not an amount of bytes: write it like 4096, 64KiB or 1MB", text)};
  }
  const auto bytes = scaled(amount->number, *factor, std::numeric_limits<uint64_t>::max());
  if (!bytes) return Error{fmt::format("'{}' is more bytes than can be counted", text)};
  return *bytes;
}

std::string print_bytes(uint64_t bytes) {
  for (const auto unit : {"GiB", "MiB", "KiB"}) {
    const uint64_t factor = *factor_of(byte_units, unit);
    if (bytes != 0 && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, unit);
  }
  return fmt::format("{}", bytes);
}

Result<Duration> parse_duration(std::string_view text) {
  const Error malformed{
      fmt::format("'{}' is not a duration: write it like 250ms, 30s, 5m or 1h30m", text)};
  if (text == "0") return Duration(0);
  if (text.empty()) return malformed;
  constexpr auto most = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  uint64_t total = 0;
  uint64_t last_factor = std::numeric_limits<uint64_t>::max();
  for (std::string_view rest = text; !rest.empty();) {
    const auto amount = take_amount(rest);
    const auto factor = amount ? factor_of(time_units, amount->unit) : std::nullopt;
    if (!factor || *factor >= last_factor) return malformed;  // "30s1h" is a slip
    const auto part = scaled(amount->number, *factor, most - total);
    if (!part) return Error{fmt::format("'{}' is longer than can be counted (292 years)", text)};
    total += *part;
    last_factor = *factor;
    rest = amount->rest;
  }
  return Duration(static_cast<int64_t>(total));
}

std::string print_duration(Duration duration) {
  auto left = static_cast<uint64_t>(duration.count());
  if (left < time_units[0].factor) return "0";
  std::string text;
  for (const auto unit : {"h", "m", "s", "ms"}) {
    const uint64_t factor = *factor_of(time_units, unit);
    if (left >= factor) text += fmt::format("{}{}", left / factor, unit);
    left %= factor;
  }
  return text;
}

Result<uint64_t> parse_count(std::string_view text) {
  const auto amount = take_amount(text);
  if (!amount || !amount->unit.empty() || !amount->rest.empty()) {
    return Error{fmt::format("'{}' is not a whole number", text)};
  }
  return amount->number;
}

Result<bool> parse_on_off(std::string_view text) {
  for (const auto yes : {"on", "true", "yes", "1"}) {
    if (text == yes) return true;
  }
  for (const auto no : {"off", "false", "no", "0"}) {
    if (text == no) return false;
  }
  return Error{fmt::format("'{}' is neither on nor off", text)};
}

}  // namespace fanfare
