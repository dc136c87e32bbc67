// app/log.h: the log: one line for each thing that happened, text for people or JSON for machines;
// the door to spdlog.
//
// Thread: any, once set_log() was called by main; before that lines go to standard error as text.
// Never a line per event or per request: what a peer can cause goes through a LogLimit.
//
//   log_info("broker.started", {{"engine", "io_uring"}, {"workers", 2}});
//   2026-11-24T10:30:00.123Z info  broker.started engine=io_uring workers=2
//   {"time":"2026-11-24T10:30:00.123Z","level":"info","event":"broker.started","engine":"io_uring","workers":2}
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "broker/settings.h"
#include "core/time.h"

namespace fanfare {

enum class LogLevel : uint8_t { debug, info, warn, error, off };
std::string_view name_of(LogLevel level);

// A named value. Holds views: use it in the call alone.
class LogField {
 public:
  LogField(std::string_view name, std::string_view text) : name_(name), text_(text) {}
  LogField(std::string_view name, const char* text) : name_(name), text_(text) {}
  LogField(std::string_view name, const std::string& text) : name_(name), text_(text) {}
  template <class T>
  requires std::same_as<T, bool> LogField(std::string_view name, T value)
      : name_(name), text_(value ? "true" : "false"), bare_(true) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view name, T value)
      : name_(name), number_(std::to_string(value)), bare_(true) {}
  LogField(std::string_view name, Duration duration);  // in milliseconds

  std::string_view name() const { return name_; }
  std::string_view text() const { return number_.empty() ? text_ : std::string_view(number_); }
  bool is_bare() const { return bare_; }  // a number or boolean: without quotes in JSON

 private:
  std::string_view name_;
  std::string_view text_;
  std::string number_;
  bool bare_ = false;
};
using LogFields = std::initializer_list<LogField>;

// May be called again (reload). `level` is as in Settings::log_level.
void set_log(LogFormat format, std::string_view level);

bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view event, LogFields fields);

inline void log_debug(std::string_view event, LogFields fields = {}) {
  if (log_enabled(LogLevel::debug)) log_line(LogLevel::debug, event, fields);
}
inline void log_info(std::string_view event, LogFields fields = {}) {
  if (log_enabled(LogLevel::info)) log_line(LogLevel::info, event, fields);
}
inline void log_warn(std::string_view event, LogFields fields = {}) {
  if (log_enabled(LogLevel::warn)) log_line(LogLevel::warn, event, fields);
}
inline void log_error(std::string_view event, LogFields fields = {}) {
  if (log_enabled(LogLevel::error)) log_line(LogLevel::error, event, fields);
}

// How a line looks, without the line end. For tests.
std::string format_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view event,
                            LogFields fields);

// At most `burst` lines in each `period` for one kind of thing; before the next one that passes a
// line log.suppressed says how many did not. One static for each place that a peer can reach.
class LogLimit {
 public:
  explicit constexpr LogLimit(uint32_t burst = 5, Duration period = std::chrono::seconds(10))
      : burst_(burst), period_(period) {}

  // Any thread. May a line be written now? If so `suppressed` is set to the number held back since
  // the last one.
  bool admit(Instant now, uint64_t& suppressed);

 private:
  const uint32_t burst_;
  const Duration period_;
  std::atomic<int64_t> period_began_{INT64_MIN};
  std::atomic<uint32_t> written_{0};
  std::atomic<uint64_t> held_back_{0};
};

// log_line, if the limit admits it.
void log_limited(LogLimit& limit, LogLevel level, std::string_view event, LogFields fields);

}  // namespace fanfare
