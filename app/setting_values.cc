// app/setting_values.cc: a value out of its range is an error that names the range.
#include "app/setting_values.h"

#include <fmt/core.h>

#include <span>

#include "app/units.h"

namespace fanfare {
namespace {

std::string print_amount(SettingKind kind, uint64_t amount) {
  if (kind == SettingKind::bytes) return print_bytes(amount);
  if (kind == SettingKind::duration) return print_duration(Duration(static_cast<int64_t>(amount)));
  return fmt::format("{}", amount);
}

Result<Done> check_range(SettingKind kind, const SettingRange& range, uint64_t amount) {
  if (amount < range.least) {
    return Error{fmt::format("{} is too little: at least {}", print_amount(kind, amount),
                             print_amount(kind, range.least))};
  }
  if (amount > range.most) {
    return Error{fmt::format("{} is too much: at most {}", print_amount(kind, amount),
                             print_amount(kind, range.most))};
  }
  return Done();
}

template <class T>
struct Choice {
  std::string_view name;
  T value;
};

constexpr Choice<EngineChoice> engine_choices[] = {{"auto", EngineChoice::automatic},
                                                   {"io_uring", EngineChoice::io_uring},
                                                   {"epoll", EngineChoice::epoll}};
constexpr Choice<LogFormat> log_choices[] = {{"text", LogFormat::text}, {"json", LogFormat::json}};
constexpr Choice<LagPolicy> lag_choices[] = {
    {"cut", LagPolicy::cut}, {"skip", LagPolicy::skip}, {"latest", LagPolicy::latest}};

template <class T, std::size_t n>
Result<Done> parse_choice(const Choice<T> (&choices)[n], std::string_view text, T& value) {
  std::string names;
  for (const auto& choice : choices) {
    if (choice.name == text) {
      value = choice.value;
      return Done();
    }
    names += names.empty() ? "" : ", ";
    names += choice.name;
  }
  return Error{fmt::format("'{}' is none of {}", text, names)};
}

template <class T, std::size_t n>
std::string print_choice(const Choice<T> (&choices)[n], T value) {
  for (const auto& choice : choices) {
    if (choice.value == value) return std::string(choice.name);
  }
  return "unknown";
}

}  // namespace

Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         uint64_t& value) {
  const auto amount = kind == SettingKind::bytes ? parse_bytes(text) : parse_count(text);
  if (!amount) return Error{amount.error()};
  Result<Done> done = check_range(kind, range, *amount);
  if (done) value = *amount;
  return done;
}

Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         uint32_t& value) {
  uint64_t wide = 0;
  const SettingRange narrow{range.least,
                            std::min<uint64_t>(range.most, std::numeric_limits<uint32_t>::max())};
  Result<Done> done = parse_value(kind, narrow, text, wide);
  if (done) value = static_cast<uint32_t>(wide);
  return done;
}

Result<Done> parse_value(SettingKind kind, const SettingRange& range, std::string_view text,
                         Duration& value) {
  const auto duration = parse_duration(text);
  if (!duration) return Error{duration.error()};
  Result<Done> done = check_range(kind, range, static_cast<uint64_t>(duration->count()));
  if (done) value = *duration;
  return done;
}

Result<Done> parse_value(SettingKind, const SettingRange&, std::string_view text, bool& value) {
  const auto on = parse_on_off(text);
  if (!on) return Error{on.error()};
  value = *on;
  return Done();
}

Result<Done> parse_value(SettingKind, const SettingRange&, std::string_view text,
                         std::string& value) {
  value = text;
  return Done();
}

Result<Done> parse_value(SettingKind, const SettingRange&, std::string_view text,
                         EngineChoice& value) {
  return parse_choice(engine_choices, text, value);
}

Result<Done> parse_value(SettingKind, const SettingRange&, std::string_view text,
                         LogFormat& value) {
  return parse_choice(log_choices, text, value);
}

Result<Done> parse_value(SettingKind, const SettingRange&, std::string_view text,
                         LagPolicy& value) {
  return parse_choice(lag_choices, text, value);
}

Result<Done> parse_mode(std::string_view text, std::optional<unsigned>& value) {
  if (text == "auto") {
    value.reset();
    return Done();
  }
  const bool octal = text.size() >= 3 && text.size() <= 4 &&
                     text.find_first_not_of("01234567") == std::string_view::npos;
  if (!octal || (text.size() == 4 && text[0] != '0')) {
    return Error{fmt::format("'{}' is not a file mode: write it like 0660", text)};
  }
  unsigned mode = 0;
  for (const char digit : text) mode = mode * 8 + static_cast<unsigned>(digit - '0');
  value = mode;
  return Done();
}

std::string print_value(SettingKind kind, uint64_t value) {
  return print_amount(kind, value);
}
std::string print_value(SettingKind kind, uint32_t value) {
  return print_amount(kind, value);
}
std::string print_value(SettingKind, Duration value) {
  return print_duration(value);
}
std::string print_value(SettingKind, bool value) {
  return value ? "on" : "off";
}
std::string print_value(SettingKind, const std::string& value) {
  return value;
}
std::string print_value(SettingKind, EngineChoice value) {
  return print_choice(engine_choices, value);
}
std::string print_value(SettingKind, LogFormat value) {
  return print_choice(log_choices, value);
}
std::string print_value(SettingKind, LagPolicy value) {
  return print_choice(lag_choices, value);
}
std::string print_mode(const std::optional<unsigned>& value) {
  return value ? fmt::format("{:04o}", *value) : "auto";
}

}  // namespace fanfare
