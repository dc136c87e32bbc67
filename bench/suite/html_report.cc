// bench/suite/html_report.cc: words first, then figures, then plots; no script, nothing from
// elsewhere.
#include "bench/suite/html_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "bench/suite/figure_rows.h"
#include "bench/suite/html_text.h"
#include "bench/suite/svg_plot.h"

namespace fanfare::bench {
namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #5b6570; --paper: #fff; --rule: #dfe3e8;
  --a: #0b62c4; --b: #c2410c; --c: #15803d; --d: #7e22ce; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --dim: #9aa5b1; --paper: #14171a;
  --rule: #2c323a; --a: #6cb2ff; --b: #ff9b66; --c: #6fd28e; --d: #c99bff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1340px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.what, .small { color: var(--dim); } ul { padding-left: 1.2rem; margin: .4rem 0; }
table { border-collapse: collapse; } th, td { text-align: right; padding: .2rem .9rem;
  border-bottom: 1px solid var(--rule); font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.bad { color: var(--b); font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr));
  gap: 1.2rem; } svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .tick { fill: var(--dim); }
svg .title { font-weight: 600; font-size: 13px; } .grid { stroke: var(--rule); }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.line0 { stroke: var(--a); } .line1 { stroke: var(--b); } .line2 { stroke: var(--c); }
.line3 { stroke: var(--d); } svg .legend0 { fill: var(--a); } svg .legend1 { fill: var(--b); }
svg .legend2 { fill: var(--c); } svg .legend3 { fill: var(--d); }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; })";

// Shares drawn so that every nine takes the same room: 90 %, 99 %, 99.9 % ...
double nines(double share) {
  return -std::log10(std::max(1 - share, 1e-5));
}

Plot latency_plot(const Measurement& result, Spread StageResult::*which, std::string title) {
  Plot plot{std::move(title), "share of the events", "ms", Scale::logarithmic, {}, {}};
  plot.x_marks = {{nines(0), "0"},       {nines(0.5), "50 %"},     {nines(0.9), "90 %"},
                  {nines(0.99), "99 %"}, {nines(0.999), "99.9 %"}, {nines(0.9999), "99.99 %"},
                  {nines(1), "max"}};
  for (const StageResult& stage : result.stages) {
    const Spread& spread = stage.*which;
    if (spread.count == 0) continue;
    PlotLine line{stage.name, {}};
    for (std::size_t i = 0; i < spread_shares.size(); ++i) {
      line.points.emplace_back(nines(spread_shares[i]), spread.at_ms[i]);
    }
    plot.lines.push_back(std::move(line));
  }
  return plot;
}

// The growth of a counter a second, drawn between two samples.
template <class Value>
PlotLine rate_line(const Measurement& result, std::string name, Value&& value) {
  PlotLine line{std::move(name), {}};
  for (std::size_t i = 1; i < result.series.size(); ++i) {
    const Sample &before = result.series[i - 1], &now = result.series[i];
    const double seconds = now.at_s - before.at_s;
    if (seconds <= 0) continue;
    line.points.emplace_back((before.at_s + now.at_s) / 2, (value(now) - value(before)) / seconds);
  }
  return line;
}

std::vector<Plot> plots_of(const Measurement& result) {
  std::vector<Plot> plots;
  plots.push_back(latency_plot(result, &StageResult::latency,
                               "From the moment an event was due to each receiver"));
  plots.push_back(latency_plot(result, &StageResult::to_last, "To the last of its receivers"));
  if (plots.back().lines.empty()) plots.pop_back();
  if (plots.front().lines.empty()) {
    plots.front() = latency_plot(result, &StageResult::publish, "To the publisher's answer");
  }
  Plot deliveries{"Deliveries", "seconds", "a second", Scale::linear, {}, {}};
  deliveries.lines.push_back(rate_line(
      result, "deliveries", [](const Sample& s) { return static_cast<double>(s.deliveries); }));
  Plot events{"Events published", "seconds", "a second", Scale::linear, {}, {}};
  events.lines.push_back(
      rate_line(result, "events", [](const Sample& s) { return static_cast<double>(s.accepted); }));
  Plot cpu{"CPU", "seconds", "% of a core", Scale::linear, {}, {}};
  cpu.lines.push_back(
      rate_line(result, "server", [](const Sample& s) { return 100 * s.server_cpu_s; }));
  cpu.lines.push_back(
      rate_line(result, "generator", [](const Sample& s) { return 100 * s.generator_cpu_s; }));
  cpu.lines.push_back(
      rate_line(result, "ksoftirqd", [](const Sample& s) { return 100 * s.softirq_cpu_s; }));
  Plot memory{"Resident memory of the server", "seconds", "MB", Scale::linear, {}, {}};
  Plot streams{"Open streams", "seconds", "streams", Scale::linear, {}, {}};
  memory.lines.push_back({"server", {}});
  streams.lines.push_back({"streams", {}});
  for (const Sample& sample : result.series) {
    memory.lines[0].points.emplace_back(sample.at_s, sample.resident_mb);
    streams.lines[0].points.emplace_back(sample.at_s, static_cast<double>(sample.streams));
  }
  if (result.streams_wanted > 0) plots.push_back(std::move(deliveries));
  plots.push_back(std::move(events));
  plots.push_back(std::move(cpu));
  if (result.memory.known) plots.push_back(std::move(memory));
  if (result.streams_wanted > 0) plots.push_back(std::move(streams));
  return plots;
}

std::string figures_table(const Measurement& result) {
  std::string out = "<table><tr><th></th>";
  for (const StageResult& stage : result.stages) {
    out += fmt::format("<th>{}</th>", html_text(stage.name));
  }
  out += "</tr>";
  for (const FigureRow& row : figure_rows()) {
    out += fmt::format("<tr><td>{}</td>", row.name);
    for (const StageResult& stage : result.stages) {
      out += fmt::format("<td>{}</td>", html_text(row.show(stage)));
    }
    out += "</tr>\n";
  }
  return out + "</table>";
}

std::string list_of(const std::vector<std::string>& lines) {
  std::string out = "<ul>";
  for (const std::string& line : lines) {
    const bool bad = line.find("NOT") != line.npos || line.find("bottleneck") != line.npos;
    out += fmt::format("<li{}>{}</li>\n", bad ? " class=\"bad\"" : "", html_text(line));
  }
  return out + "</ul>";
}

}  // namespace

std::string html_of(const Measurement& result) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\">"
      "<title>{0} on {1}</title><style>{2}</style>\n<h1>{0} on {1}</h1><p class=\"what\">{3}</p>\n",
      html_text(result.workload), html_text(result.server), style, html_text(result.what));
  out += "<h2>In words</h2>" + list_of(result.verdict);
  out += "<h2>Figures</h2>" + figures_table(result);
  const auto details = detail_lines(result);
  if (!details.empty()) out += list_of(details);
  out += "<h2>Over shares and time</h2><div class=\"plots\">";
  for (const Plot& plot : plots_of(result)) out += svg_of(plot) + "\n";
  out += "</div>\n<h2>What was measured</h2>" + list_of(setting_lines(result));
  out += fmt::format("<p class=\"small\"><code>{}</code><br>{}; {}, {} cores; {}</p></html>\n",
                     html_text(result.command), html_text(result.when), html_text(result.machine),
                     result.cores, html_text(result.kernel));
  return out;
}

}  // namespace fanfare::bench
