// tests/bench/plot_test.cc: ticks are round, values stand where they belong, and nothing that was
// measured can break the page.
#include <gtest/gtest.h>

#include "bench/suite/html_report.h"
#include "bench/suite/html_text.h"
#include "bench/suite/svg_plot.h"

namespace fanfare::bench {
namespace {

TEST(SvgPlot, steps_are_one_two_or_five_times_a_power_of_ten) {
  EXPECT_DOUBLE_EQ(tick_step(10, 5), 2);
  EXPECT_DOUBLE_EQ(tick_step(100, 5), 20);
  EXPECT_DOUBLE_EQ(tick_step(0.3, 5), 0.1);
  EXPECT_DOUBLE_EQ(tick_step(7'000, 5), 2'000);
  EXPECT_DOUBLE_EQ(tick_step(0, 5), 1);
}

TEST(SvgPlot, the_largest_value_is_at_the_top_and_nought_at_the_bottom) {
  Plot plot;
  plot.lines = {{"rate", {{0, 0}, {10, 100}}}};
  const std::string svg = svg_of(plot);
  EXPECT_NE(svg.find(R"(points="64.0,254.0 624.0,34.0 ")"), std::string::npos) << svg;
}

TEST(SvgPlot, a_logarithmic_axis_gives_each_decade_the_same_room) {
  Plot plot;
  plot.y_scale = Scale::logarithmic;
  plot.lines = {{"latency", {{0, 1}, {5, 10}, {10, 100}}}};
  const std::string svg = svg_of(plot);
  EXPECT_NE(svg.find(R"(points="64.0,254.0 344.0,144.0 624.0,34.0 ")"), std::string::npos) << svg;
}

TEST(SvgPlot, a_line_without_points_is_no_fault) {
  Plot plot;
  plot.lines = {{"nothing", {}}};
  EXPECT_EQ(svg_of(plot).find("nan"), std::string::npos);
}

TEST(HtmlReport, is_whole_even_of_an_empty_measurement_and_holds_no_foreign_markup) {
  Measurement result;
  result.workload = "idle";
  result.server = "<script>alert(1)</script>";
  const std::string html = html_of(result);
  EXPECT_TRUE(html.starts_with("<!doctype html>"));
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos);  // nothing is fetched
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace fanfare::bench
