// bench/suite/bench_command.cc: puts the parts together, in the order in which they must live.
#include "bench/suite/bench_command.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <algorithm>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <random>

#include "bench/suite/bench_options.h"
#include "bench/suite/compare.h"
#include "bench/suite/conductor.h"
#include "bench/suite/html_report.h"
#include "bench/suite/measurement_json.h"
#include "bench/suite/preset.h"
#include "bench/suite/table.h"
#include "bench/suite/verdict.h"

namespace fanfare::bench {
namespace {

constexpr int usage_exit_code = 2;
constexpr uint32_t spare_descriptors = 500;
constexpr uint32_t streams_per_process_max = 15'000;
// A worker with a table of descriptors of its own; some stay free for publishers.
constexpr uint32_t streams_per_worker = 17'500;

int wrong(const std::string& what) {
  fmt::print(stderr, "fanfare bench: {}\nTry: fanfare bench --help\n", what);
  return usage_exit_code;
}

int failed(const std::string& what) {
  fmt::print(stderr, "fanfare bench: {}\n", what);
  return 1;
}

// Of a process of the generator.
uint32_t streams_max() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const auto descriptors = static_cast<uint32_t>(std::min<rlim_t>(limit.rlim_cur, 1u << 20));
  return std::min(streams_per_process_max,
                  std::max(descriptors, 2 * spare_descriptors) - spare_descriptors);
}

std::string run_name() {
  std::random_device random;
  return fmt::format("bench{:08x}", random());
}

void describe_machine(Measurement& result) {
  utsname name{};
  uname(&name);
  result.kernel = fmt::format("{} {}", name.sysname, name.release);
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);) {
    if (line.starts_with("model name")) result.machine = line.substr(line.find(':') + 2);
  }
  result.cores = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  const std::time_t now = std::time(nullptr);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  result.when = text;
}

// Where nobody said otherwise and the machine allows, a broker of one worker has one core and the
// generator all others.
void choose_cores(BenchOptions& options) {
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  const bool alone =
      options.url.empty() && options.subscribe.empty() && options.broker.workers == 1;
  if (!options.server_core) options.server_core = alone && cores > 1 ? 0 : -1;
  options.broker.core = *options.server_core;
  if (options.generator_cores) return;
  options.generator_cores.emplace();
  for (int core = 0; *options.server_core >= 0 && core < cores; ++core) {
    if (core != *options.server_core) options.generator_cores->push_back(core);
  }
}

Result<Manner> manner_of(const BenchOptions& options, const std::string& url) {
  auto manner = make_preset(options.preset, url.empty() ? "http://127.0.0.1:1" : url);
  if (!manner) return manner;
  if (!options.subscribe.empty()) manner->subscribe = options.subscribe;
  if (!options.publish.empty()) manner->publish = options.publish;
  if (!options.body.empty()) manner->body = options.body;
  if (!options.content_type.empty()) manner->content_type = options.content_type;
  manner->headers.insert(manner->headers.end(), options.headers.begin(), options.headers.end());
  manner->publish_headers.insert(manner->publish_headers.end(), options.publish_headers.begin(),
                                 options.publish_headers.end());
  return manner;
}

Result<std::unique_ptr<ServerProcess>> server_of(const BenchOptions& options) {
  if (options.url.empty() && options.subscribe.empty()) return ServerProcess::start(options.broker);
  const auto manner = manner_of(options, options.url);
  if (!manner) return Error{manner.error()};
  const auto url = parse_url_template(manner->subscribe);
  if (!url) return Error{url.error()};
  sockaddr_in address{};
  std::memcpy(&address, &url->to.address, sizeof address);
  return ServerProcess::find(ntohs(address.sin_port), options.server_pid);
}

int report(const BenchOptions& options, const Measurement& result) {
  fmt::print("{}", table_of(result));
  if (!options.json_file.empty()) {
    std::ofstream file(options.json_file, std::ios::app);
    file << json_of(result) << '\n';
    if (!file.flush()) return failed("cannot write " + options.json_file);
  }
  if (!options.html_file.empty()) {
    std::ofstream file(options.html_file);
    file << html_of(result);
    if (!file.flush()) return failed("cannot write " + options.html_file);
  }
  const bool all_open = result.streams_opened == result.streams_wanted;
  const bool storm = !result.storm || result.storm->all_came_back;
  return result.checks.clean() && all_open && storm ? 0 : 1;
}

int measure(BenchOptions options, const std::vector<std::string>& words, int stop_descriptor) {
  const auto plan = plan_of(options);
  if (!plan) return wrong(plan.error());
  if (!options.workers_given) {
    options.broker.workers = 1 + plan->streams() / streams_per_worker;
  }
  choose_cores(options);
  const uint32_t part_max = streams_max();
  const auto server = server_of(options);
  if (!server) return failed(server.error());
  auto manner = manner_of(options, (*server)->url().empty() ? options.url : (*server)->url());
  if (!manner) return wrong(manner.error());
  const bool by_socket = plan->groups.front().prefers_socket && !(*server)->socket().empty();
  if (by_socket && options.publish.empty()) manner->publish = "unix:" + (*server)->socket();
  const auto subscribe = make_subscribe_dialect(*manner);
  const auto publish = make_publish_dialect(*manner);
  if (!subscribe) return wrong(subscribe.error());
  if (!publish) return wrong(publish.error());
  if (plan->groups.front().batch > 1) {
    std::string spare;
    if (!(*publish)->append_batch(spare, "x", {"x"})) {
      return wrong("--batch: preset " + manner->name + " has no request for several events");
    }
  }

  Measurement result;
  result.workload = plan->name;
  result.what = plan->what;
  result.command = "fanfare bench";
  for (const std::string& word : words) result.command += " " + word;
  result.own_broker = !(*server)->url().empty();
  result.server = !options.label.empty() ? options.label : manner->name;
  result.engine = (*server)->engine();
  result.workers = result.own_broker ? options.broker.workers : 0;
  result.server_known = (*server)->is_known();
  result.groups = plan->groups;
  describe_machine(result);

  const auto spare_cores = static_cast<unsigned>(std::max<std::size_t>(
      1, options.generator_cores->empty() ? result.cores : options.generator_cores->size()));
  result.generator_cores = spare_cores;
  const Shares shares = divide(*plan, part_max, spare_cores);
  result.generator_processes = static_cast<uint32_t>(shares.parts());
  run_on(*options.generator_cores);
  Board board(*plan, shares.parts());
  {
    const Generator generator(*plan, board, **subscribe, **publish, shares, run_name());
    const auto stop = [&] {
      pollfd asked{stop_descriptor, POLLIN, 0};
      return poll(&asked, 1, 0) > 0;
    };
    Conductor(*plan, board, shares, generator, **server, options.talk, stop).run(result);
  }
  result.verdict = verdict_of(result);
  return report(options, result);
}

}  // namespace

int run_bench_command(const std::vector<std::string>& words, int stop_descriptor) {
  auto options = parse_bench_options(words);
  if (!options) return wrong(options.error());
  if (options->workload == "list") {
    for (const std::string_view name : workload_names()) {
      fmt::print("{:<18}{}\n", name, make_plan(name, Size::full).what);
    }
    return 0;
  }
  if (options->workload == "compare") {
    const auto text = compare_files(options->files[0], options->files[1]);
    if (!text) return wrong(text.error());
    fmt::print("{}", *text);
    return 0;
  }
  return measure(std::move(*options), words, stop_descriptor);
}

}  // namespace fanfare::bench
