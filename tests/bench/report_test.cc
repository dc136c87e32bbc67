// tests/bench/report_test.cc: what figures become: sums over processes, words, JSON and ratios.
#include <gtest/gtest.h>

#include "bench/suite/compare.h"
#include "bench/suite/mark.h"
#include "bench/suite/measurement_json.h"
#include "bench/suite/verdict.h"

namespace fanfare::bench {
namespace {

using std::chrono::milliseconds;

StageResult stage_of(double seconds, uint64_t events, uint64_t deliveries) {
  StageResult stage;
  stage.name = "open";
  stage.drive = Drive::open;
  stage.seconds = seconds;
  stage.accepted = events;
  stage.deliveries = deliveries;
  stage.rate_wanted = static_cast<double>(events) / seconds;
  return stage;
}

Measurement clean_measurement() {
  Measurement result;
  result.workload = "one-to-many";
  result.server = "fanfare";
  result.workers = 1;
  result.streams_wanted = result.streams_opened = 10;
  result.checks.deliveries = 100;
  result.stages.push_back(stage_of(2, 20, 200));
  return result;
}

std::string all_words(const Measurement& result) {
  std::string all;
  for (const std::string& sentence : verdict_of(result)) all += sentence + "\n";
  return all;
}

TEST(Board, histograms_of_all_parts_become_one) {
  Plan plan = make_plan("mixed", Size::small);
  Board board(plan, 3);
  for (int i = 0; i < 90; ++i) board.part(0).stages[1].latency.record(milliseconds(1));
  for (int i = 0; i < 10; ++i) board.part(2).stages[1].latency.record(milliseconds(100));
  board.part(2).stages[0].latency.record(milliseconds(5'000));
  StageResult stage;
  const std::vector<ReceiverShare> receivers = {{0, 0, 1, 0, 0}, {1, 0, 1, 0, 2}};
  add_latencies(plan, board, receivers, 1, stage);
  EXPECT_EQ(stage.latency.count, 100u);
  EXPECT_NEAR(stage.latency.p50(), 1, 0.05);
  EXPECT_NEAR(stage.latency.p99(), 100, 4);
  ASSERT_EQ(stage.groups.size(), plan.groups.size());
  EXPECT_EQ(stage.groups[0].latency.count, 90u);
  EXPECT_EQ(stage.groups[1].latency.count, 10u);
}

TEST(Completions, only_the_last_receiver_completes_an_event) {
  const auto completions = std::make_unique<Completions>();
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(completions->count(7, 5));
  EXPECT_FALSE(completions->count(8, 5));
  EXPECT_TRUE(completions->count(7, 5));
  EXPECT_FALSE(completions->count(7, 5));
}

TEST(Mark, a_stage_is_the_difference_of_two_moments) {
  Mark before, after;
  before.sample.at_s = 1, after.sample.at_s = 3;
  before.sample.deliveries = 100, after.sample.deliveries = 500;
  before.sample.server_cpu_s = 1, after.sample.server_cpu_s = 2;
  before.parts_cpu_s = {1, 5}, after.parts_cpu_s = {2.5, 5.5};
  const StageResult stage = difference(before, after);
  EXPECT_EQ(stage.per_s(stage.deliveries), 200);
  EXPECT_EQ(stage.cpu_us_per(stage.deliveries), 2'500);
  EXPECT_EQ(stage.busiest_part_cpu_s, 1.5);
}

TEST(Verdict, says_that_all_is_well_only_if_it_is) {
  EXPECT_NE(all_words(clean_measurement()).find("came once, whole and in order"),
            std::string::npos);
  Measurement lossy = clean_measurement();
  lossy.checks.lost = 3;
  EXPECT_NE(all_words(lossy).find("NOT CORRECT: of 100 deliveries 3 lost"), std::string::npos);
}

TEST(Verdict, says_when_the_generator_was_the_bottleneck) {
  Measurement result = clean_measurement();
  EXPECT_NE(all_words(result).find("The generator kept up"), std::string::npos);
  result.stages[0].busiest_part_cpu_s = 1.95;
  result.stages[0].server_cpu_s = 0.6;
  EXPECT_NE(all_words(result).find("the generator was the bottleneck"), std::string::npos);
  result.stages[0].server_cpu_s = 1.9;
  EXPECT_NE(all_words(result).find("both were full"), std::string::npos);
  EXPECT_EQ(all_words(result).find("The generator kept up"), std::string::npos);
}

TEST(Verdict, processes_that_share_a_full_core_are_full) {
  Measurement result = clean_measurement();
  result.stages[0].server_cpu_s = 1.9;
  result.stages[0].generator_cpu_s = 1.9;
  result.stages[0].busiest_part_cpu_s = 1.0;
  EXPECT_NE(all_words(result).find("both were full"), std::string::npos);
  result.server_known = false;
  EXPECT_NE(all_words(result).find("what the server used is not known"), std::string::npos);
  result.generator_cores = 2;
  EXPECT_NE(all_words(result).find("The generator kept up"), std::string::npos);
}

TEST(Verdict, says_when_the_generator_was_late_or_the_rate_was_not_kept) {
  Measurement result = clean_measurement();
  result.stages[0].late_p99_ms = 12;
  EXPECT_NE(all_words(result).find("late"), std::string::npos);
  result.stages[0].rate_wanted = 40;
  EXPECT_NE(all_words(result).find("NOT the rate that was wanted"), std::string::npos);
}

TEST(Verdict, a_server_that_lets_nobody_in_was_not_measured) {
  Measurement result = clean_measurement();
  result.streams_opened = 0;
  result.stages.clear();
  result.checks.last_reason = "Connection refused";
  EXPECT_EQ(all_words(result),
            "Nothing was measured: not one of 10 streams opened (Connection refused).\n");
}

TEST(Verdict, says_what_a_search_found) {
  Measurement result = clean_measurement();
  result.search =
      SearchResult{.p99_under_ms = 250, .events_per_s = 400, .p99_ms = 231, .found = true};
  EXPECT_NE(all_words(result).find("in 250 ms is 400 events/s"), std::string::npos);
  result.search->found = false;
  EXPECT_NE(all_words(result).find("as far as it was tried"), std::string::npos);
  result.search->events_per_s = 0;
  EXPECT_NE(all_words(result).find("NOT found"), std::string::npos);
}

TEST(MeasurementJson, figures_are_read_back_by_their_place) {
  Measurement result = clean_measurement();
  result.server = "a \"quoted\" name\n";
  result.stages[0].latency.count = 5;
  result.stages[0].latency.at_ms[6] = 12.5;
  const auto figures = figures_of(json_of(result));
  ASSERT_TRUE(figures) << figures.error();
  EXPECT_EQ(figures->texts.at("workload"), "one-to-many");
  EXPECT_EQ(figures->texts.at("server"), result.server);
  EXPECT_EQ(figures->numbers.at("stages.open.events_per_s"), 10);
  EXPECT_EQ(figures->numbers.at("stages.open.latency_ms.p99"), 12.5);
  EXPECT_EQ(figures->numbers.at("checks.deliveries"), 100);
}

TEST(Compare, ratios_are_of_pairs_and_have_a_spread) {
  const double a[] = {10, 20, 40}, b[] = {20, 30, 80};
  const Ratio ratio = ratio_of(a, b);
  EXPECT_EQ(ratio.a, 20);
  EXPECT_EQ(ratio.b, 30);
  EXPECT_EQ(ratio.middle, 2);
  EXPECT_EQ(ratio.lowest, 1.5);
  EXPECT_EQ(ratio.highest, 2);
}

TEST(Compare, nothing_is_divided_by_nothing) {
  const double a[] = {0}, b[] = {3};
  EXPECT_EQ(ratio_of(a, b).middle, 0);
  EXPECT_EQ(ratio_of({}, {}).middle, 0);
}

TEST(Compare, faults_are_shown_beside_the_ratios) {
  const auto clean = figures_of(json_of(clean_measurement()));
  Measurement lossy = clean_measurement();
  lossy.checks.lost = 9;
  lossy.stages[0].accepted = 40;
  const auto bad = figures_of(json_of(lossy));
  const std::string text = compare_figures({*clean}, {*bad});
  EXPECT_NE(text.find("checks.lost"), std::string::npos);
  EXPECT_NE(text.find("stages.open.events_per_s"), std::string::npos);
  EXPECT_NE(text.find("2.000"), std::string::npos);
}

}  // namespace
}  // namespace fanfare::bench
