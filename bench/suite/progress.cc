// bench/suite/progress.cc: one line.
#include "bench/suite/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace fanfare::bench {
namespace {

constexpr int bar_columns = 20;
constexpr Duration terminal_every = std::chrono::milliseconds(200);
constexpr Duration otherwise_every = std::chrono::seconds(10);

}  // namespace

std::string short_number(double value) {
  if (value >= 9.995e8) return fmt::format("{:.2f}G", value / 1e9);
  if (value >= 9.995e5) return fmt::format("{:.2f}M", value / 1e6);
  if (value >= 9.995e3) return fmt::format("{:.1f}k", value / 1e3);
  return fmt::format("{:.0f}", value);
}

Progress::Progress(Talk talk)
    : talk_(talk),
      terminal_(isatty(STDERR_FILENO) == 1),
      next_(monotonic_now() + (terminal_ ? Duration(0) : otherwise_every)) {}

Progress::~Progress() {
  clear();
}

void Progress::show(std::string_view step, double share, const Sample& before, const Sample& now) {
  if (talk_ == Talk::quiet) return;
  const Instant at = monotonic_now();
  if (at < next_) return;
  next_ = at + (terminal_ ? terminal_every : otherwise_every);
  const double seconds = std::max(now.at_s - before.at_s, 1e-3);
  const auto rate = [&](auto member) {
    return static_cast<double>(now.*member - before.*member) / seconds;
  };
  const int full = static_cast<int>(std::clamp(share, 0.0, 1.0) * bar_columns);
  const std::string line = fmt::format(
      "{:<10} [{}{}] {} streams, {} events/s, {} deliveries/s, server {:.0f} % of a core, {:.0f} "
      "MB",
      step, std::string(static_cast<std::size_t>(full), '#'),
      std::string(static_cast<std::size_t>(bar_columns - full), '.'),
      short_number(static_cast<double>(now.streams)), short_number(rate(&Sample::accepted)),
      short_number(rate(&Sample::deliveries)),
      100 * (now.server_cpu_s - before.server_cpu_s) / seconds, now.resident_mb);
  fmt::print(stderr, "{}{:.110}{}", terminal_ ? "\r\x1b[K" : "", line, terminal_ ? "" : "\n");
  std::fflush(stderr);
}

void Progress::clear() {
  if (talk_ == Talk::progress && terminal_) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace fanfare::bench
