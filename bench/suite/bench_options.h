// bench/suite/bench_options.h: what the words behind `fanfare bench` ask for.
//
// A value.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/suite/plan.h"
#include "bench/suite/progress.h"
#include "bench/suite/server_process.h"
#include "core/result.h"

namespace fanfare::bench {

struct BenchOptions {
  std::string workload;            // or "compare" or "list"
  std::vector<std::string> files;  // of compare
  Size size = Size::full;
  std::string url;  // empty: a broker of its own
  std::string preset = "fanfare";
  std::string subscribe, publish;  // URL templates, instead of the preset's
  std::vector<std::string> headers, publish_headers;
  std::string body, content_type;
  std::string label;  // of the server, in reports
  pid_t server_pid = 0;
  std::string json_file, html_file;
  Talk talk = Talk::progress;
  // Instead of the workload's own.
  std::optional<uint32_t> streams, topics, publishers, bytes, batch;
  std::optional<double> rate, seconds, ramp;
  std::optional<double> p99_under_ms;  // search the highest rate
  std::string only_stage;
  BrokerOptions broker;
  bool workers_given = false;
  std::optional<int> server_core;  // -1: free
  std::optional<std::vector<int>> generator_cores;
};

Result<BenchOptions> parse_bench_options(std::span<const std::string> words);
// The workload's plan with what the options say instead.
Result<Plan> plan_of(const BenchOptions& options);

}  // namespace fanfare::bench
