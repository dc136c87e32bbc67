// tests/bench/plan_test.cc: workloads, their division into processes, topics and schedules.
#include "bench/suite/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "bench/suite/bench_options.h"
#include "bench/suite/generator.h"
#include "bench/suite/schedule.h"
#include "bench/suite/topic_name.h"

namespace fanfare::bench {
namespace {

TEST(Plan, every_named_workload_has_both_sizes) {
  for (const std::string_view name : workload_names()) {
    for (const Size size : {Size::full, Size::small}) {
      const Plan plan = make_plan(name, size);
      EXPECT_EQ(plan.name, name);
      EXPECT_FALSE(plan.groups.empty()) << name;
      EXPECT_LT(plan.stages.size(), stages_max) << name;
      for (const Group& group : plan.groups) {
        EXPECT_EQ(group.streams % group.topics, 0u) << name;
        EXPECT_LE(group.topics == 1 ? 0 : group.publishers, group.topics) << name;
      }
    }
    EXPECT_LE(make_plan(name, Size::small).streams(), 500u) << name;
  }
}

TEST(Plan, many_to_one_each_has_one_reader_a_topic_in_both_sizes) {
  EXPECT_EQ(make_plan("many-to-one-each", Size::full).groups[0].readers_per_topic(), 1u);
  EXPECT_EQ(make_plan("many-to-one-each", Size::small).groups[0].readers_per_topic(), 1u);
}

TEST(Plan, streams_are_divided_without_a_rest_and_below_the_limit) {
  Plan plan = make_plan("idle", Size::full);
  plan.groups[0].streams = 100'003;
  const Shares shares = divide(plan, 15'000, 1);
  EXPECT_EQ(shares.receivers.size(), 7u);
  EXPECT_EQ(shares.publishers.size(), 1u);
  uint32_t next = 0;
  std::set<std::size_t> parts;
  for (const ReceiverShare& share : shares.receivers) {
    EXPECT_EQ(share.first, next);
    EXPECT_LE(share.count, 15'000u);
    parts.insert(share.part);
    next += share.count;
  }
  EXPECT_EQ(next, 100'003u);
  EXPECT_EQ(parts.size(), 7u);
  EXPECT_EQ(shares.publishers[0].part, 7u);
}

TEST(Plan, no_stream_needs_no_receiver) {
  EXPECT_TRUE(divide(make_plan("fan-in", Size::full), 15'000, 4).receivers.empty());
}

TEST(Schedule, publishers_together_are_as_even_as_one) {
  const Instant begin(Duration(1'000));
  std::set<int64_t> dues;
  for (uint32_t index = 0; index < 4; ++index) {
    Schedule schedule(begin, 100, 4, index);
    for (int i = 0; i < 5; ++i, schedule.take()) {
      dues.insert(schedule.due().time_since_epoch().count());
    }
  }
  ASSERT_EQ(dues.size(), 20u);
  int64_t expected = 1'000;
  for (const int64_t due : dues) {
    EXPECT_EQ(due, expected);
    expected += 10'000'000;
  }
}

TEST(Schedule, does_not_drift_and_does_not_wait_for_who_is_late) {
  Schedule schedule(Instant{}, 3, 1, 0);
  for (int i = 0; i < 3'000'000; ++i) schedule.take();
  EXPECT_EQ(schedule.due(), Instant(std::chrono::seconds(1'000'000)));
}

TEST(TopicNames, a_topic_that_lives_for_ever_keeps_its_name) {
  const TopicNames names{"run", 10, 0};
  EXPECT_EQ(names.name(3, 0), "run-3");
  EXPECT_EQ(names.name(3, 1'000'000), "run-3");
  EXPECT_FALSE(names.ends(3, 99));
}

TEST(TopicNames, a_short_life_ends_with_its_last_event_and_not_all_at_once) {
  const TopicNames names{"run", 10, 100};
  EXPECT_EQ(names.name(0, 99), "run-0-0");
  EXPECT_TRUE(names.ends(0, 99));
  EXPECT_EQ(names.name(0, 100), "run-0-1");
  EXPECT_TRUE(names.ends(5, 49));
  EXPECT_FALSE(names.ends(5, 99));
  for (uint32_t topic = 0; topic < 10; ++topic) {
    for (uint32_t sequence = 0; sequence < 250; ++sequence) {
      EXPECT_EQ(names.ends(topic, sequence),
                names.generation(topic, sequence) != names.generation(topic, sequence + 1));
    }
  }
}

Result<BenchOptions> parse(std::vector<std::string> words) {
  return parse_bench_options(words);
}

TEST(BenchOptions, what_is_said_takes_the_place_of_the_workloads_own) {
  const auto options = parse({"one-to-many", "--streams=70", "--rate", "12.5", "--seconds", "3"});
  ASSERT_TRUE(options);
  const auto plan = plan_of(*options);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->groups[0].streams, 70u);
  EXPECT_EQ(plan->groups[0].rate, 12.5);
  EXPECT_EQ(plan->stages[1].seconds, 3);
}

TEST(BenchOptions, one_stage_alone_keeps_its_warm_up) {
  const auto options = parse({"one-to-many", "--stage", "closed"});
  ASSERT_TRUE(options);
  const auto plan = plan_of(*options);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->stages.size(), 2u);
  EXPECT_EQ(plan->stages[0].drive, Drive::closed);
  EXPECT_EQ(plan->stages[1].name, "closed");
}

TEST(BenchOptions, a_search_takes_the_place_of_the_stages) {
  const auto plan = plan_of(*parse({"one-to-many", "--p99-under", "250", "--seconds=2"}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->search.p99_under_ms, 250);
  ASSERT_EQ(plan->stages.size(), stages_max);
  EXPECT_EQ(plan->stages[0].counted, Counted::no);
  EXPECT_EQ(plan->stages[1].drive, Drive::open);
  EXPECT_EQ(plan->stages[1].seconds, 2);
  for (const auto& words : {std::vector<std::string>{"mixed", "--p99-under", "250"},
                            {"fan-in", "--p99-under", "250"},
                            {"one-to-many", "--p99-under", "0"},
                            {"one-to-many", "--p99-under", "250", "--stage", "open"}}) {
    EXPECT_NE(plan_of(*parse(words)).error().find("--p99-under"), std::string::npos);
  }
}

TEST(BenchOptions, topics_of_one_reader_grow_with_the_streams) {
  const auto options = parse({"many-to-one-each", "--streams", "300"});
  ASSERT_TRUE(options);
  EXPECT_EQ(plan_of(*options)->groups[0].topics, 300u);
}

TEST(BenchOptions, streams_are_those_of_the_largest_group) {
  const auto options = parse({"beside", "--streams", "50000"});
  ASSERT_TRUE(options);
  const auto plan = plan_of(*options);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->groups[0].streams, make_plan("beside", Size::full).groups[0].streams);
  EXPECT_EQ(plan->groups[1].streams, 50'000u);
}

TEST(BenchOptions, faults_name_what_to_change) {
  EXPECT_NE(parse({"one-to-mony"}).error().find("one-to-many"), std::string::npos);
  EXPECT_NE(parse({"idle", "--stream", "3"}).error().find("--streams"), std::string::npos);
  EXPECT_NE(parse({"idle", "--streams"}).error().find("value is missing"), std::string::npos);
  EXPECT_NE(parse({"compare", "a.json"}).error().find("two files"), std::string::npos);
  EXPECT_FALSE(parse({"idle", "--subscribe", "http://127.0.0.1:1/{topic}"}));
  const auto options = parse({"mixed", "--topics", "3"});
  ASSERT_TRUE(options);
  EXPECT_NE(plan_of(*options).error().find("several groups"), std::string::npos);
}

}  // namespace
}  // namespace fanfare::bench
