// bench/suite/table.cc: one column a stage.
#include "bench/suite/table.h"

#include <fmt/core.h>

#include "bench/suite/figure_rows.h"

namespace fanfare::bench {
namespace {

std::string figures_of_stages(const Measurement& result) {
  std::string out = fmt::format("\n  {:<22}", "");
  for (const StageResult& stage : result.stages) out += fmt::format("{:>14}", stage.name);
  out += '\n';
  for (const FigureRow& row : figure_rows()) {
    out += fmt::format("  {:<22}", row.name);
    for (const StageResult& stage : result.stages) out += fmt::format("{:>14}", row.show(stage));
    out += '\n';
  }
  return out;
}

}  // namespace

std::string table_of(const Measurement& result) {
  std::string out = fmt::format("{}: {}\n", result.workload, result.what);
  for (const std::string& line : setting_lines(result)) out += "  " + line + "\n";
  if (!result.stages.empty()) out += figures_of_stages(result);
  for (const std::string& line : detail_lines(result)) out += "  " + line + "\n";
  out += '\n';
  for (const std::string& sentence : result.verdict) out += sentence + "\n";
  return out;
}

}  // namespace fanfare::bench
