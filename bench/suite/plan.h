// bench/suite/plan.h: what a workload is: groups of streams and publishers, and the stages they go
// through.
//
// Values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare::bench {

// Streams and the publishers of their topics. Stream i reads topic i % topics. Where there are
// several topics, each has one publisher; a single topic is published to by all.
struct Group {
  std::string name;
  uint32_t streams = 0;
  uint32_t topics = 1;
  uint32_t publishers = 1;
  double rate = 0;  // events a second over all topics, in stages with an open loop
  uint32_t bytes = 200;
  uint32_t batch = 1;          // events in one request
  uint32_t topic_life = 0;     // events until a topic is over and the next takes its place; 0: none
  double stalled_percent = 0;  // of the streams, in stages that hold back: never read
  double slow_percent = 0;     // read a little now and then
  bool roomy = false;          // the kernel's usual room for those two, instead of very little
  double churn_per_s = 0;      // of the streams, closed and opened again: 0.1 is a tenth a second
  bool prefers_socket = false;  // publishes over the server's Unix socket where it has one

  uint32_t readers_per_topic() const { return topics == 0 ? 0 : streams / topics; }
  uint32_t sources() const { return topics == 1 ? publishers : 1; }
};

enum class Drive : uint8_t {
  rest,    // nothing is published
  open,    // by schedule, whatever the answers
  closed,  // each publisher as fast as its answers come
};
enum class Held : uint8_t { nobody, slow_readers };
enum class Counted : uint8_t { yes, no };

struct Stage {
  std::string name;
  Drive drive = Drive::open;
  double seconds = 5;
  Counted counted = Counted::yes;
  Held held = Held::nobody;
  uint32_t bytes = 0;     // instead of the group's
  std::string only = {};  // the one group that is published to; empty: all

  bool publishes_to(const Group& group) const { return only.empty() || only == group.name; }
};
constexpr std::size_t stages_max = 16;

// Everyone is cut off, misses some events, and comes back all at once.
struct Storm {
  uint32_t missed_events = 0;  // 0: no storm
};

// Instead of the workload's stages: an open loop at one rate after the other, for the highest at
// which 99 % of the events reach their last subscriber in time.
struct Search {
  double p99_under_ms = 0;  // 0: no search
};

struct Plan {
  std::string name;
  std::string what;  // one line
  std::vector<Group> groups = {};
  std::vector<Stage> stages = {};
  Storm storm = {};
  Search search = {};
  double ramp_per_s = 20'000;  // streams opened a second, at most

  uint32_t streams() const;
};

enum class Size : uint8_t { full, small };

std::span<const std::string_view> workload_names();
// Null-named if there is no such workload.
Plan make_plan(std::string_view name, Size size);
// Replaces the stages by a warm-up and those of a search.
void plan_search(Plan& plan, double p99_under_ms, double seconds);
// Sizes that do not fit one another are made to: streams become a multiple of topics, publishers
// of several topics at most as many as those.
void settle(Plan& plan);

}  // namespace fanfare::bench
