// bench/suite/svg_plot.cc: axes, ticks, lines and a legend.
#include "bench/suite/svg_plot.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "bench/suite/html_text.h"

namespace fanfare::bench {
namespace {

constexpr double width = 640, height = 300;
constexpr double left = 64, right = 16, top = 34, bottom = 46;
constexpr int ticks_wanted = 5;

// One axis: what is shown, and where.
struct Axis {
  Scale scale = Scale::linear;
  double low = 0, high = 1;   // of the values
  double begin = 0, end = 1;  // of the picture

  double place(double value) const {
    const double v = scale == Scale::logarithmic ? std::log10(std::max(value, low)) : value;
    const double a = scale == Scale::logarithmic ? std::log10(low) : low;
    const double b = scale == Scale::logarithmic ? std::log10(high) : high;
    return begin + (v - a) / (b - a) * (end - begin);
  }
  std::vector<double> ticks() const {
    std::vector<double> at;
    if (scale == Scale::logarithmic) {
      for (double tick = low; tick <= high * 1.001; tick *= 10) at.push_back(tick);
      return at;
    }
    const double step = tick_step(high - low, ticks_wanted);
    for (double tick = std::ceil(low / step) * step; tick <= high + step / 1e6; tick += step) {
      at.push_back(tick);
    }
    return at;
  }
};

std::string tick_text(double value) {
  if (std::abs(value) < 1e-12) return "0";
  if (value >= 1e6) return fmt::format("{:.4g}M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.4g}k", value / 1e3);
  return fmt::format("{:.4g}", value);
}

Axis y_axis_of(const Plot& plot) {
  Axis axis{plot.y_scale, 0, 0, height - bottom, top};
  double smallest = 0;
  for (const PlotLine& line : plot.lines) {
    for (const auto& [x, y] : line.points) {
      axis.high = std::max(axis.high, y);
      if (y > 0) smallest = smallest == 0 ? y : std::min(smallest, y);
    }
  }
  if (plot.y_scale == Scale::linear) {
    const double step = tick_step(std::max(axis.high, 1e-9), ticks_wanted);
    axis.high = std::max(std::ceil(axis.high / step) * step, step);
    return axis;
  }
  if (smallest == 0) smallest = axis.high = 1;
  axis.low = std::pow(10, std::floor(std::log10(smallest)));
  axis.high = std::max(std::pow(10, std::ceil(std::log10(axis.high))), axis.low * 10);
  return axis;
}

Axis x_axis_of(const Plot& plot) {
  Axis axis{Scale::linear, 0, 0, left, width - right};
  for (const PlotLine& line : plot.lines) {
    for (const auto& [x, y] : line.points) axis.high = std::max(axis.high, x);
  }
  if (axis.high <= 0) axis.high = 1;
  return axis;
}

std::string grid_of(const Plot& plot, const Axis& x, const Axis& y) {
  std::string out;
  for (const double tick : y.ticks()) {
    const double at = y.place(tick);
    out += fmt::format(R"(<line class="grid" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)"
                       R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)",
                       left, at, width - right, at, left - 6, at + 4, tick_text(tick));
  }
  std::vector<std::pair<double, std::string>> marks = plot.x_marks;
  if (marks.empty()) {
    for (const double tick : x.ticks()) marks.emplace_back(tick, tick_text(tick));
  }
  for (const auto& [value, text] : marks) {
    out +=
        fmt::format(R"(<line class="grid" x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}"/>)"
                    R"(<text class="tick" x="{0:.1f}" y="{3:.1f}" text-anchor="middle">{4}</text>)",
                    x.place(value), top, height - bottom, height - bottom + 16, html_text(text));
  }
  return out;
}

}  // namespace

double tick_step(double span, int wanted) {
  if (span <= 0) return 1;
  const double raw = span / wanted;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * 0.999) return factor * power;
  }
  return 10 * power;
}

std::string svg_of(const Plot& plot) {
  const Axis x = x_axis_of(plot), y = y_axis_of(plot);
  std::string out = fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)"
                                R"(<text class="title" x="{}" y="18">{}</text>)",
                                width, height, html_text(plot.title), left, html_text(plot.title));
  out += grid_of(plot, x, y);
  out += fmt::format(
      R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)"
      R"x(<text class="tick" transform="translate(13 {:.1f}) rotate(-90)" text-anchor="middle">{}</text>)x",
      (left + width - right) / 2, height - 10, html_text(plot.x_name), (top + height - bottom) / 2,
      html_text(plot.y_name));
  double legend = width - right;
  for (std::size_t i = plot.lines.size(); i-- > 0;) {
    const PlotLine& line = plot.lines[i];
    std::string points;
    for (const auto& [at_x, at_y] : line.points) {
      points += fmt::format("{:.1f},{:.1f} ", x.place(at_x), y.place(at_y));
    }
    out += fmt::format(R"(<polyline class="line line{}" points="{}"/>)", i, points);
    out += fmt::format(
        R"(<text class="legend legend{}" x="{:.1f}" y="18" text-anchor="end">{}</text>)", i, legend,
        html_text(line.name));
    legend -= 14 + 6.6 * static_cast<double>(line.name.size());
  }
  return out + "</svg>";
}

}  // namespace fanfare::bench
