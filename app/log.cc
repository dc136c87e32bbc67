// app/log.cc: the line is made here, by us; spdlog writes it, one at a time, and survives a broken
// standard error.
#include "app/log.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "broker/text_rules.h"
#include "net/json_escape.h"
#include "net/utf8.h"

namespace fanfare {
namespace {

std::atomic<LogFormat> the_format{LogFormat::text};
std::atomic<LogLevel> the_level{LogLevel::info};

spdlog::logger& writer() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("fanfare",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

LogLevel level_of(std::string_view name) {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    if (name == name_of(level)) return level;
  }
  return LogLevel::off;
}

enum class Shown : uint8_t { as_it_is, escaped };

// Valid UTF-8 whatever came in; for terminals also without characters that could forge a line.
std::string safe_text(std::string_view text, Shown invisible) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character character = utf8_at(text, at);
    if (character.bytes == 0) {
      safe += "\xEF\xBF\xBD";  // U+FFFD
      ++at;
      continue;
    }
    if (invisible == Shown::escaped && kind_of(character.code) != CharacterKind::plain) {
      safe += fmt::format("\\u{{{:X}}}", static_cast<uint32_t>(character.code));
    } else {
      safe += text.substr(at, character.bytes);
    }
    at += character.bytes;
  }
  return safe;
}

std::string time_text(WallTime time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  const auto seconds = static_cast<std::time_t>(ms / 1000 - (ms % 1000 < 0 ? 1 : 0));
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds),
                     (ms % 1000 + 1000) % 1000);
}

void append_text_field(std::string& line, const LogField& field) {
  line += fmt::format(" {}=", field.name());
  const std::string value = safe_text(field.text(), Shown::escaped);
  if (!value.empty() && value.find_first_of(" \"=") == std::string::npos) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"') line += '\\';
    line += c;
  }
  line += '"';
}

void append_json_field(std::string& line, const LogField& field) {
  append_json_string(line, field.name());
  line += ':';
  if (field.is_bare()) {
    line += field.text();
  } else {
    append_json_string(line, safe_text(field.text(), Shown::as_it_is));
  }
}

}  // namespace

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
    case LogLevel::off:
      return "off";
  }
  return "off";
}

LogField::LogField(std::string_view name, Duration duration)
    : LogField(name, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) {}

void set_log(LogFormat format, std::string_view level) {
  the_format.store(format, std::memory_order_relaxed);
  the_level.store(level_of(level), std::memory_order_relaxed);
}

bool log_enabled(LogLevel level) {
  return level >= the_level.load(std::memory_order_relaxed);
}

std::string format_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view event,
                            LogFields fields) {
  if (format == LogFormat::text) {
    std::string line = fmt::format("{} {:<5} {}", time_text(time), name_of(level), event);
    for (const LogField& field : fields) append_text_field(line, field);
    return line;
  }
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","event":)", time_text(time), name_of(level));
  append_json_string(line, event);
  for (const LogField& field : fields) {
    line += ',';
    append_json_field(line, field);
  }
  line += '}';
  return line;
}

void log_line(LogLevel level, std::string_view event, LogFields fields) {
  const LogFormat format = the_format.load(std::memory_order_relaxed);
  writer().log(spdlog::level::info, "{}",
               format_log_line(format, wall_now(), level, event, fields));
}

bool LogLimit::admit(Instant now, uint64_t& suppressed) {
  const int64_t time = now.time_since_epoch().count();
  int64_t began = period_began_.load(std::memory_order_relaxed);
  if (began == INT64_MIN || time - began >= period_.count()) {
    if (period_began_.compare_exchange_strong(began, time, std::memory_order_relaxed)) {
      written_.store(0, std::memory_order_relaxed);
    }
  }
  if (written_.fetch_add(1, std::memory_order_relaxed) >= burst_) {
    held_back_.fetch_add(1, std::memory_order_relaxed);
    written_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  suppressed = held_back_.exchange(0, std::memory_order_relaxed);
  return true;
}

void log_limited(LogLimit& limit, LogLevel level, std::string_view event, LogFields fields) {
  if (!log_enabled(level)) return;
  uint64_t suppressed = 0;
  if (!limit.admit(monotonic_now(), suppressed)) return;
  if (suppressed != 0) log_line(level, "log.suppressed", {{"event", event}, {"lines", suppressed}});
  log_line(level, event, fields);
}

}  // namespace fanfare
