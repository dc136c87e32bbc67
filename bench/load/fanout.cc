// bench/load/fanout.cc: one topic, many streams: publishers that are always busy, or a steady rate.
#include <memory>
#include <string>

#include "bench/load/counting_sink.h"
#include "bench/load/driver.h"
#include "bench/load/reader_set.h"
#include "bench/load/report.h"
#include "bench/load/server_choice.h"
#include "bench/load/window.h"
#include "bench/load/workloads.h"

namespace fanfare::bench {
namespace {

std::unique_ptr<Subject> start_floor(const ServerChoice& choice, const Load& load, uint32_t block) {
  SubjectOptions options;
  options.command = {"/proc/self/exe", "floor-server",
                     "--engine",       choice.engine,
                     "--streams",      std::to_string(load.streams),
                     "--block",        std::to_string(block),
                     "--bytes",        std::to_string(load.payload_bytes)};
  options.core = choice.server_core;
  return std::make_unique<Subject>(options);
}

}  // namespace

int run_fanout(Flags& flags) {
  const ServerChoice choice = choose_server(flags, 0, 1);
  Load defaults;
  defaults.streams = 10'000;
  defaults.publishers = 32;
  defaults.payload_bytes = 200;
  defaults.warm_up = std::chrono::seconds(2);
  defaults.measured = std::chrono::seconds(5);
  const Load load = load_of(flags, defaults);
  const uint32_t block = flags.count("block", 32);
  const std::string output = flags.text("output", "text");
  flags.refuse_unknown();

  const bool floor = choice.server == "floor";
  const auto server = floor ? start_floor(choice, load, block) : start_broker(choice, {});
  Loop loop;
  CountingSink sink(load.payload_bytes);
  ReaderSetOptions readers_options;
  readers_options.to = server->address();
  readers_options.readers = load.streams;
  readers_options.path = [](uint32_t) { return std::string("/topics/bench"); };
  ReaderSet readers(loop, sink, readers_options);
  readers.open_all(opening_time_max);

  Load driven = load;
  if (floor) driven.publishers = 0;
  Driver driver(loop, server->address(), driven);
  driver.run(load.warm_up);
  const auto before = server->metrics();
  const uint64_t deliveries = sink.deliveries, bytes = sink.received_bytes, reads = sink.reads;
  const uint64_t accepted = driver.accepted, refused = driver.refused;
  sink.counter.clear_latency();
  const Window window(server->process());
  driver.run(load.measured);
  const Window::Spent spent = window.spent();
  const auto delivered = static_cast<double>(sink.deliveries - deliveries);
  auto after = server->metrics();

  Report report;
  report.add("server", choice.server);
  report.add("engine", choice.engine);
  report.add("streams", load.streams);
  report.add("publishers", driven.publishers);
  report.add("payload_bytes", load.payload_bytes);
  report.add("seconds", spent.seconds);
  report.add("events_per_s", static_cast<double>(driver.accepted - accepted) / spent.seconds);
  report.add("publishes_refused", driver.refused - refused);
  report.add("deliveries_per_s", delivered / spent.seconds);
  report.add("mbytes_per_s",
             static_cast<double>(sink.received_bytes - bytes) / spent.seconds / 1e6);
  report.add("server_cpu", spent.server_cpu_s / spent.seconds);
  report.add("softirq_thread_cpu", spent.softirq_cpu_s / spent.seconds);
  report.add("generator_cpu", spent.generator_cpu_s / spent.seconds);
  report.add("cpu_ns_per_delivery", (spent.server_cpu_s + spent.softirq_cpu_s) * 1e9 / delivered);
  report.add("events_per_read", delivered / static_cast<double>(sink.reads - reads));
  if (!floor) {
    const double sends = after["fanfare_sends_total"] - before.at("fanfare_sends_total");
    const double blocked =
        after["fanfare_sends_blocked_total"] - before.at("fanfare_sends_blocked_total");
    const double sent =
        after["fanfare_events_delivered_total"] - before.at("fanfare_events_delivered_total");
    report.add("events_per_send", sent / sends);
    report.add("sends_per_s", sends / spent.seconds);
    report.add("sends_blocked_share", blocked / sends);
  } else {
    report.add("events_per_send", block);
  }
  report.add("latency_p50_ms", milliseconds_of(sink.counter.latency().quantile(0.5)));
  report.add("latency_p99_ms", milliseconds_of(sink.counter.latency().quantile(0.99)));
  report.add("latency_max_ms", milliseconds_of(sink.counter.latency().max()));
  report.add("streams_ended", sink.ended);
  report.print(output);
  return sink.ended == 0 ? 0 : 1;
}

}  // namespace fanfare::bench
