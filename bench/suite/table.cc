// bench/suite/table.cc: one column a stage.
#include "bench/suite/table.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include <fmt/core.h>

#include "bench/suite/figure_rows.h"

namespace fanfare::bench {
namespace {

constexpr std::size_t columns_max = 5;  // 92 characters

std::string figures_of_stages(std::span<const StageResult> stages) {
  std::string out = fmt::format("\n  {:<22}", "");
  for (const StageResult& stage : stages) out += fmt::format("{:>14}", stage.name);
  out += '\n';
  for (const FigureRow& row : figure_rows()) {
    out += fmt::format("  {:<22}", row.name);
    for (const StageResult& stage : stages) out += fmt::format("{:>14}", row.show(stage));
    out += '\n';
  }
  return out;
}

}  // namespace

std::string table_of(const Measurement& result) {
  std::string out = fmt::format("{}: {}\n", result.workload, result.what);
  for (const std::string& line : setting_lines(result)) out += "  " + line + "\n";
  std::span<const StageResult> stages = result.stages;
  while (!stages.empty()) {
    const std::size_t columns = std::min(stages.size(), columns_max);
    out += figures_of_stages(stages.first(columns));
    stages = stages.subspan(columns);
  }
  for (const std::string& line : detail_lines(result)) out += "  " + line + "\n";
  out += '\n';
  for (const std::string& sentence : result.verdict) out += sentence + "\n";
  return out;
}

}  // namespace fanfare::bench
