// bench/suite/measurement.h: what a measurement found.
//
// A value; bench/suite/measurement_json.h writes it down, table.h and html_report.h show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/suite/plan.h"
#include "bench/suite/spread.h"

namespace fanfare::bench {

constexpr double kept_rate_share = 0.98;  // of the rate that was wanted

struct StageResult {
  std::string name;
  Drive drive = Drive::rest;
  double rate_wanted = 0;  // events a second, open loop
  double seconds = 0;
  // Within these seconds.
  uint64_t accepted = 0, rejected = 0, unanswered = 0;
  uint64_t deliveries = 0, bytes = 0, reads = 0;
  double server_cpu_s = 0, softirq_cpu_s = 0, generator_cpu_s = 0;
  double busiest_part_cpu_s = 0;  // of the generator's processes
  double resident_mb = 0;         // the server's, at the end
  // Of the events due in it, whenever they came.
  Spread latency, to_last, publish;
  double drain_s = 0;      // events still came for so long after it
  double late_p99_ms = 0;  // the generator's own lateness
  struct GroupLatency {
    std::string group;
    Spread latency, to_last;
  };
  std::vector<GroupLatency> groups;  // where there are several

  double per_s(uint64_t n) const { return seconds > 0 ? static_cast<double>(n) / seconds : 0; }
  // The server took what an open loop offered.
  bool kept_rate() const { return per_s(accepted) >= kept_rate_share * rate_wanted; }
  double server_cores() const { return seconds > 0 ? server_cpu_s / seconds : 0; }
  double generator_cores() const { return seconds > 0 ? generator_cpu_s / seconds : 0; }
  double cpu_us_per(uint64_t n) const {
    return n == 0 ? 0 : (server_cpu_s + softirq_cpu_s) * 1e6 / static_cast<double>(n);
  }
};

struct Checks {
  uint64_t deliveries = 0;
  uint64_t lost = 0, twice = 0, out_of_order = 0, corrupt = 0;
  uint64_t cut = 0, refused = 0;  // streams that the server ended, or did not open
  std::string last_reason;        // why one was
  uint64_t rejected = 0, unanswered = 0;
  bool clean() const { return lost + twice + out_of_order + corrupt + cut + unanswered == 0; }
};

struct MemoryResult {
  bool known = false;
  double before_mb = 0, open_mb = 0, end_mb = 0;  // the server's resident memory
  double bytes_per_stream = 0;  // from the first few hundred streams to all of them
};

struct StormResult {
  uint32_t streams = 0, missed_events = 0;
  double open_s = 0, caught_up_s = 0;  // until all are open; until all have what they missed
  double cpu_us_per_reconnect = 0;
  bool all_came_back = false;
};

struct SearchResult {
  double p99_under_ms = 0;
  // At the highest rate that was good; 0: none was.
  double events_per_s = 0, deliveries_per_s = 0, p99_ms = 0;
  bool found = false;  // a rate that is at most 5 % higher was too high
};

struct Sample {  // once in a while
  double at_s = 0;
  uint64_t streams = 0, accepted = 0, deliveries = 0;
  double server_cpu_s = 0, softirq_cpu_s = 0, generator_cpu_s = 0;
  double resident_mb = 0;
};

struct Measurement {
  std::string workload, what;
  std::string command;  // as it was typed
  std::string server, engine;
  bool own_broker = false;
  bool server_known = true;  // its processes are on this machine
  uint32_t workers = 0;
  std::string machine, kernel, when;
  unsigned cores = 0;
  std::vector<Group> groups;
  uint32_t streams_wanted = 0, streams_opened = 0;
  double opening_s = 0;
  uint32_t generator_processes = 0;
  unsigned generator_cores = 1;  // that it may use
  bool interrupted = false;
  MemoryResult memory;
  std::vector<StageResult> stages;
  std::optional<StormResult> storm;
  std::optional<SearchResult> search;
  Checks checks;
  std::vector<Sample> series;
  std::vector<std::string> verdict;
};

}  // namespace fanfare::bench
