// bench/suite/figure_rows.cc: names and units.
#include "bench/suite/figure_rows.h"

#include <fmt/core.h>

#include "bench/suite/progress.h"

namespace fanfare::bench {
namespace {

using S = const StageResult&;

FigureRow spread_row(std::string_view name, Spread StageResult::*which,
                     double (Spread::*value)() const) {
  return {name, [=](S stage) {
            const Spread& spread = stage.*which;
            return spread.count == 0 ? "-" : milliseconds_text((spread.*value)());
          }};
}

std::string group_line(const Group& group) {
  return fmt::format(
      "{}: {} streams, {} topics, {} publishers, {} bytes{}{}", group.name, group.streams,
      group.topics, group.publishers, group.bytes,
      group.batch > 1 ? fmt::format(", {} in a request", group.batch) : "",
      group.topic_life > 0 ? fmt::format(", a new topic every {} events", group.topic_life) : "");
}

}  // namespace

std::string milliseconds_text(double ms) {
  return ms <= 0 ? "-" : ms < 10 ? fmt::format("{:.3f} ms", ms) : fmt::format("{:.1f} ms", ms);
}

const std::vector<FigureRow>& figure_rows() {
  static const std::vector<FigureRow> rows = {
      {"events/s", [](S s) { return short_number(s.per_s(s.accepted)); }},
      {"deliveries/s", [](S s) { return short_number(s.per_s(s.deliveries)); }},
      {"MB/s to readers", [](S s) { return fmt::format("{:.1f}", s.per_s(s.bytes) / 1e6); }},
      spread_row("delivery p50", &StageResult::latency, &Spread::p50),
      spread_row("delivery p99", &StageResult::latency, &Spread::p99),
      spread_row("delivery p99.9", &StageResult::latency, &Spread::p999),
      spread_row("delivery max", &StageResult::latency, &Spread::max),
      spread_row("last reader p50", &StageResult::to_last, &Spread::p50),
      spread_row("last reader p99", &StageResult::to_last, &Spread::p99),
      spread_row("publish answer p50", &StageResult::publish, &Spread::p50),
      spread_row("publish answer p99", &StageResult::publish, &Spread::p99),
      {"server, of a core", [](S s) { return fmt::format("{:.0f} %", 100 * s.server_cores()); }},
      {"CPU per delivery",
       [](S s) {
         return s.deliveries == 0 ? "-" : fmt::format("{:.3f} us", s.cpu_us_per(s.deliveries));
       }},
      {"CPU per event",
       [](S s) {
         return s.accepted == 0 ? "-" : fmt::format("{:.2f} us", s.cpu_us_per(s.accepted));
       }},
      {"generator, of a core",
       [](S s) { return fmt::format("{:.0f} %", 100 * s.generator_cores()); }},
      {"refused events", [](S s) { return std::to_string(s.rejected); }},
  };
  return rows;
}

std::vector<std::string> setting_lines(const Measurement& result) {
  std::vector<std::string> lines;
  for (const Group& group : result.groups) lines.push_back(group_line(group));
  lines.push_back("server: " + result.server + (result.engine.empty() ? "" : ", " + result.engine) +
                  (result.workers == 0 ? "" : fmt::format(", {} workers", result.workers)));
  if (result.streams_opened > 0) {
    lines.push_back(
        fmt::format("opened {} streams in {:.2f} s", result.streams_opened, result.opening_s));
  }
  if (result.memory.known) {
    lines.push_back(fmt::format(
        "memory: {:.1f} MB before, {:.1f} MB with all streams open, {:.1f} MB at the end{}",
        result.memory.before_mb, result.memory.open_mb, result.memory.end_mb,
        result.memory.bytes_per_stream > 0
            ? fmt::format("; {:.0f} bytes a stream", result.memory.bytes_per_stream)
            : ""));
  }
  return lines;
}

std::vector<std::string> detail_lines(const Measurement& result) {
  std::vector<std::string> lines;
  for (const StageResult& stage : result.stages) {
    for (const StageResult::GroupLatency& group : stage.groups) {
      lines.push_back(fmt::format("{} in {}: delivery p50 {}, p99 {}", group.group, stage.name,
                                  milliseconds_text(group.latency.p50()),
                                  milliseconds_text(group.latency.p99())));
    }
  }
  if (result.storm) {
    lines.push_back(
        fmt::format("storm: CPU per reconnect {:.1f} us", result.storm->cpu_us_per_reconnect));
  }
  return lines;
}

}  // namespace fanfare::bench
