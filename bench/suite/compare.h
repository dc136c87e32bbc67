// bench/suite/compare.h: two results, or two sets of rounds, as ratios with their spread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/suite/measurement_json.h"
#include "core/result.h"

namespace fanfare::bench {

struct Ratio {
  double a = 0, b = 0;             // medians over the rounds
  double middle = 0;               // the median of b / a of the pairs
  double lowest = 0, highest = 0;  // of the pairs
};

// Of paired rounds: the first of `a` beside the first of `b`. Empty lists and zeros give zeros.
Ratio ratio_of(std::span<const double> a, std::span<const double> b);

// A line for each figure that matters and both have.
std::string compare_figures(const std::vector<Figures>& a, const std::vector<Figures>& b);
Result<std::string> compare_files(const std::string& a, const std::string& b);

}  // namespace fanfare::bench
