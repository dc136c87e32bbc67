// bench/suite/figure_rows.h: which figures of a stage people are shown, and how they are written.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/suite/measurement.h"

namespace fanfare::bench {

struct FigureRow {
  std::string_view name;
  std::function<std::string(const StageResult&)> show;
};
const std::vector<FigureRow>& figure_rows();

// "0.123 ms", "12.3 ms"; "-" for nothing.
std::string milliseconds_text(double ms);
// What stands above the figures: a line for each group, the server, memory.
std::vector<std::string> setting_lines(const Measurement& result);
// What stands below them: groups apart, a storm.
std::vector<std::string> detail_lines(const Measurement& result);

}  // namespace fanfare::bench
