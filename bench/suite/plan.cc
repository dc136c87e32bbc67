// bench/suite/plan.cc: the named workloads and their sizes.
#include "bench/suite/plan.h"

#include <algorithm>
#include <array>

namespace fanfare::bench {
namespace {

constexpr std::array<std::string_view, 13> names = {
    "one-to-many", "many-to-one-each", "chat-rooms", "tokens",
    "fan-in",      "slow-readers",     "storm",      "churn",
    "idle",        "large-events",     "mixed",      "beside",
    "million"};

Stage warm_up(Drive drive, double seconds) {
  return {"warm-up", drive, seconds, Counted::no, Held::nobody, 0};
}
Stage open_stage(double seconds) {
  return {"open", Drive::open, seconds, Counted::yes, Held::nobody, 0};
}
Stage closed_stage(double seconds) {
  return {"closed", Drive::closed, seconds, Counted::yes, Held::nobody, 0};
}

Plan one_to_many() {
  Plan plan{"one-to-many", "one topic, every stream reads it: a steady rate, then all it can"};
  plan.groups = {{.name = "all", .streams = 10'000, .publishers = 32, .rate = 50}};
  plan.stages = {warm_up(Drive::open, 2), open_stage(10), warm_up(Drive::closed, 2),
                 closed_stage(10)};
  return plan;
}

Plan many_to_one_each() {
  Plan plan{"many-to-one-each", "as many topics as streams: every event has one reader"};
  plan.groups = {
      {.name = "each", .streams = 10'000, .topics = 10'000, .publishers = 64, .rate = 5'000}};
  plan.stages = {warm_up(Drive::open, 2), open_stage(10), warm_up(Drive::closed, 1),
                 closed_stage(10)};
  return plan;
}

Plan chat_rooms() {
  Plan plan{"chat-rooms", "1,000 topics of 50 readers"};
  plan.groups = {
      {.name = "rooms", .streams = 50'000, .topics = 1'000, .publishers = 64, .rate = 500}};
  plan.stages = {warm_up(Drive::open, 2), open_stage(10), warm_up(Drive::closed, 1),
                 closed_stage(10)};
  return plan;
}

Plan tokens() {
  Plan plan{"tokens", "5,000 short topics at once, each ten small events a second for one reader"};
  plan.groups = {{.name = "tokens",
                  .streams = 5'000,
                  .topics = 5'000,
                  .publishers = 8,
                  .rate = 50'000,
                  .bytes = 60,
                  .topic_life = 100,
                  .prefers_socket = true}};
  plan.stages = {warm_up(Drive::open, 3), open_stage(20)};
  return plan;
}

Plan fan_in() {
  Plan plan{"fan-in", "64 publishers and no reader: what taking an event costs"};
  plan.groups = {{.name = "in", .topics = 64, .publishers = 64, .rate = 10'000}};
  plan.stages = {warm_up(Drive::closed, 1), closed_stage(10)};
  return plan;
}

Plan slow_readers() {
  Plan plan{"slow-readers",
            "2 % of the streams stop reading, 3 % read slowly: what the others feel"};
  plan.groups = {{.name = "all",
                  .streams = 10'000,
                  .publishers = 4,
                  .rate = 20,
                  .stalled_percent = 2,
                  .slow_percent = 3}};
  Stage healthy = open_stage(10);
  healthy.name = "healthy";
  Stage fill{"fill", Drive::open, 2, Counted::no, Held::slow_readers, 16'000};
  Stage held{"held", Drive::open, 10, Counted::yes, Held::slow_readers, 0};
  plan.stages = {warm_up(Drive::open, 2), healthy, fill, held};
  return plan;
}

Plan storm() {
  Plan plan{"storm", "all streams are cut, miss 100 events, and come back with Last-Event-ID"};
  plan.groups = {{.name = "all", .streams = 15'000, .publishers = 1, .rate = 20}};
  plan.stages = {open_stage(3)};
  plan.storm = {100};
  return plan;
}

Plan churn() {
  Plan plan{"churn", "a tenth of the streams leaves and comes every second"};
  plan.groups = {
      {.name = "all", .streams = 5'000, .publishers = 4, .rate = 50, .churn_per_s = 0.1}};
  plan.stages = {warm_up(Drive::open, 2), open_stage(15)};
  return plan;
}

Plan large_events() {
  Plan plan{"large-events", "16 KB to 1,000 streams"};
  plan.groups = {{.name = "all", .streams = 1'000, .publishers = 8, .rate = 20, .bytes = 16'384}};
  plan.stages = {warm_up(Drive::open, 2), open_stage(8), warm_up(Drive::closed, 1),
                 closed_stage(8)};
  return plan;
}

Plan idle() {
  Plan plan{"idle", "100,000 streams of one topic while nothing happens: memory"};
  plan.groups = {{.name = "all", .streams = 100'000, .publishers = 1, .rate = 1}};
  plan.stages = {{"rest", Drive::rest, 5, Counted::yes, Held::nobody, 0},
                 {"after", Drive::open, 3, Counted::yes, Held::nobody, 0}};
  return plan;
}

Plan mixed() {
  Plan plan{"mixed", "a broadcast, rooms, single readers and streams that come and go, at once"};
  plan.groups = {
      {.name = "broadcast", .streams = 8'000, .publishers = 2, .rate = 10},
      {.name = "rooms", .streams = 5'000, .topics = 100, .publishers = 8, .rate = 100},
      {.name = "each", .streams = 2'000, .topics = 2'000, .publishers = 8, .rate = 500},
      {.name = "visitors", .streams = 1'000, .publishers = 1, .rate = 10, .churn_per_s = 0.1}};
  plan.stages = {warm_up(Drive::open, 2), open_stage(15)};
  return plan;
}

// The huge topic's streams never read: their kernel takes what is sent, and the generator's core is
// left to the small topic.
Plan beside() {
  Plan plan{"beside", "a small topic, first alone, then while a huge one is swept without a pause"};
  plan.groups = {{.name = "small", .streams = 10, .publishers = 1, .rate = 100},
                 {.name = "huge",
                  .streams = 18'000,
                  .publishers = 1,
                  .rate = 10,
                  .stalled_percent = 100,
                  .roomy = true}};
  Stage alone{"alone", Drive::open, 10, Counted::yes, Held::slow_readers, 0, "small"};
  Stage both{"both", Drive::open, 10, Counted::yes, Held::slow_readers, 0};
  plan.stages = {warm_up(Drive::open, 1), alone, both};
  return plan;
}

Plan million() {
  Plan plan{
      "million",
      "1,000,000 streams of one server (--engine io_uring --workers 56): all but 1,000 are idle"};
  plan.groups = {{.name = "idle", .streams = 999'000, .publishers = 1, .rate = 1},
                 {.name = "awake", .streams = 1'000, .publishers = 1, .rate = 10}};
  plan.stages = {{"rest", Drive::rest, 5, Counted::yes, Held::nobody, 0},
                 {"awake", Drive::open, 10, Counted::yes, Held::nobody, 0, "awake"}};
  return plan;
}

// Runs in a few seconds beside other tests.
void make_small(Plan& plan) {
  for (Group& group : plan.groups) {
    const uint32_t topics = group.topics > 1 ? std::clamp(group.topics / 100, 4u, 50u) : 1;
    group.streams = group.streams == 0 ? 0 : std::clamp(group.streams / 100, 20u, 200u);
    if (group.topics == group.streams * 100) group.streams = topics;
    group.topics = topics;
    group.publishers = std::min(group.publishers, 4u);
    group.rate = std::min(group.rate, 200.0);
    group.topic_life = group.topic_life == 0 ? 0 : 10;
  }
  for (Stage& stage : plan.stages) {
    stage.seconds = stage.counted == Counted::yes ? 1.0 : 0.3;
  }
  if (plan.storm.missed_events > 0) plan.storm.missed_events = 20;
}

}  // namespace

uint32_t Plan::streams() const {
  uint32_t sum = 0;
  for (const Group& group : groups) sum += group.streams;
  return sum;
}

std::span<const std::string_view> workload_names() {
  return names;
}

Plan make_plan(std::string_view name, Size size) {
  constexpr std::array<Plan (*)(), names.size()> makers = {
      one_to_many, many_to_one_each, chat_rooms, tokens, fan_in, slow_readers, storm, churn,
      idle,        large_events,     mixed,      beside, million};
  Plan plan;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) plan = makers[i]();
  }
  if (size == Size::small) make_small(plan);
  settle(plan);
  return plan;
}

void plan_search(Plan& plan, double p99_under_ms, double seconds) {
  plan.search = {p99_under_ms};
  plan.storm = {};
  plan.stages = {warm_up(Drive::open, std::min(1.0, seconds))};
  while (plan.stages.size() < stages_max) plan.stages.push_back(open_stage(seconds));
}

void settle(Plan& plan) {
  for (Group& group : plan.groups) {
    group.topics = std::max(group.topics, 1u);
    group.publishers = std::max(group.publishers, 1u);
    if (group.topics > 1) {
      group.publishers = std::min(group.publishers, group.topics);
      if (group.streams > 0) {
        group.topics = std::min(group.topics, group.streams);
        group.publishers = std::min(group.publishers, group.topics);
        group.streams -= group.streams % group.topics;
      }
    }
    if (group.topic_life > 0) group.batch = 1;
  }
}

}  // namespace fanfare::bench
