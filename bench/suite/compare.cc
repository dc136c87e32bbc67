// bench/suite/compare.cc: medians and ratios of pairs.
#include "bench/suite/compare.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "bench/load/median.h"

namespace fanfare::bench {
namespace {

// What people compare; everything else is in the files.
constexpr std::array<std::string_view, 14> endings = {".events_per_s",
                                                      ".deliveries_per_s",
                                                      ".server_cpu_cores",
                                                      ".latency_ms.p50",
                                                      ".latency_ms.p99",
                                                      ".latency_ms.p99.9",
                                                      ".to_last_ms.p50",
                                                      ".to_last_ms.p99",
                                                      ".server_cpu_us_per_delivery",
                                                      ".publish_ms.p50",
                                                      ".server_cpu_us_per_event",
                                                      ".bytes_per_stream",
                                                      ".caught_up_s",
                                                      ".server_cpu_us_per_reconnect"};
constexpr std::array<std::string_view, 6> faults = {
    "checks.lost",    "checks.twice",       "checks.out_of_order",
    "checks.corrupt", "checks.streams_cut", "checks.events_unanswered"};

std::vector<double> values_of(const std::vector<Figures>& rounds, const std::string& name) {
  std::vector<double> values;
  for (const Figures& round : rounds) {
    if (const auto found = round.numbers.find(name); found != round.numbers.end()) {
      values.push_back(found->second);
    }
  }
  return values;
}

bool is_compared(std::string_view name) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

std::string title_of(const std::vector<Figures>& rounds) {
  const auto& texts = rounds.front().texts;
  const auto text = [&](const char* name) {
    const auto found = texts.find(name);
    return found == texts.end() ? std::string() : found->second;
  };
  const std::string engine = text("engine");
  return fmt::format("{}{}{}, {} rounds", text("server"), engine.empty() ? "" : " on ", engine,
                     rounds.size());
}

}  // namespace

Ratio ratio_of(std::span<const double> a, std::span<const double> b) {
  Ratio ratio;
  ratio.a = median({a.begin(), a.end()});
  ratio.b = median({b.begin(), b.end()});
  std::vector<double> pairs;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] != 0) pairs.push_back(b[i] / a[i]);
  }
  if (pairs.empty()) return ratio;
  ratio.middle = median(pairs);
  ratio.lowest = *std::min_element(pairs.begin(), pairs.end());
  ratio.highest = *std::max_element(pairs.begin(), pairs.end());
  return ratio;
}

std::string compare_figures(const std::vector<Figures>& a, const std::vector<Figures>& b) {
  std::string out = fmt::format("a: {}\nb: {}\n\n  {:<48}{:>12}{:>12}{:>9}   spread of the pairs\n",
                                title_of(a), title_of(b), "", "a", "b", "b/a");
  for (const auto& [name, value] : a.front().numbers) {
    if (!is_compared(name)) continue;
    const auto in_a = values_of(a, name), in_b = values_of(b, name);
    if (in_b.empty()) continue;
    const Ratio ratio = ratio_of(in_a, in_b);
    if (ratio.a == 0 || ratio.b == 0) continue;
    out += fmt::format("  {:<48}{:>12.4g}{:>12.4g}{:>9.3f}   {:.3f} - {:.3f}\n", name, ratio.a,
                       ratio.b, ratio.middle, ratio.lowest, ratio.highest);
  }
  for (const std::string_view fault : faults) {
    const auto sum = [&](const std::vector<Figures>& rounds) {
      double all = 0;
      for (const double value : values_of(rounds, std::string(fault))) all += value;
      return all;
    };
    if (sum(a) + sum(b) > 0)
      out += fmt::format("  {:<48}{:>12.0f}{:>12.0f}\n", fault, sum(a), sum(b));
  }
  return out;
}

Result<std::string> compare_files(const std::string& a, const std::string& b) {
  const auto of_a = read_figures_file(a), of_b = read_figures_file(b);
  if (!of_a) return Error{of_a.error()};
  if (!of_b) return Error{of_b.error()};
  const auto workload = [](const std::vector<Figures>& rounds) {
    const auto found = rounds.front().texts.find("workload");
    return found == rounds.front().texts.end() ? std::string() : found->second;
  };
  if (workload(*of_a) != workload(*of_b)) {
    return Error{
        fmt::format("{} measured {}, {} measured {}", a, workload(*of_a), b, workload(*of_b))};
  }
  return compare_figures(*of_a, *of_b);
}

}  // namespace fanfare::bench
