// bench/suite/svg_plot.h: lines over two axes, as SVG to stand inside a page.
//
// A pure function. Colours come from the page's style (classes line0, line1 ...).
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace fanfare::bench {

enum class Scale : uint8_t { linear, logarithmic };

struct PlotLine {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

struct Plot {
  std::string title, x_name, y_name;
  Scale y_scale = Scale::linear;
  std::vector<PlotLine> lines;
  // Where x stands for something else; empty: numbers.
  std::vector<std::pair<double, std::string>> x_marks;
};

std::string svg_of(const Plot& plot);

// 0, or 1, 2 or 5 times a power of ten, so that about `wanted` of them reach over `span`.
double tick_step(double span, int wanted);

}  // namespace fanfare::bench
