// bench/load/idle.cc: what an open stream costs the broker in memory while nothing happens.
#include <string>

#include "bench/load/counting_sink.h"
#include "bench/load/driver.h"
#include "bench/load/process_stats.h"
#include "bench/load/reader_set.h"
#include "bench/load/report.h"
#include "bench/load/server_choice.h"
#include "bench/load/workloads.h"

namespace fanfare::bench {
namespace {

// Opened before the count begins, so that code and first pages are not counted as streams.
constexpr uint32_t warming_streams = 500;

}  // namespace

int run_idle(Flags& flags) {
  const ServerChoice choice = choose_server(flags, 0, 1);
  const uint32_t streams = flags.count("streams", 15'000);
  // 0: one topic that all share; else every stream has its own.
  const bool own_topics = flags.count("own-topics", 0) != 0;
  const std::string output = flags.text("output", "text");
  flags.refuse_unknown();

  const auto broker = start_broker(choice, {});
  Loop loop;
  CountingSink sink(200);
  ReaderSetOptions options;
  options.to = broker->address();
  options.path = [&](uint32_t i) {
    return own_topics ? "/topics/idle/" + std::to_string(i) : std::string("/topics/idle");
  };
  options.readers = warming_streams;
  options.source_first = 100;
  ReaderSet warming(loop, sink, options);
  warming.open_all(opening_time_max);
  options.readers = streams;
  options.source_first = 0;
  ReaderSet readers(loop, sink, options);
  const auto settle = [&] {
    const Instant until = monotonic_now() + std::chrono::milliseconds(1500);
    turn_until(loop, until, [] { return false; });
  };
  settle();
  const Memory before = memory_of(broker->process());
  const Instant began = monotonic_now();
  readers.open_all(opening_time_max);
  const double opening_s = std::chrono::duration<double>(monotonic_now() - began).count();
  settle();
  const Memory after = memory_of(broker->process());
  const auto per_stream = [&](uint64_t then, uint64_t now) {
    return (static_cast<double>(now) - static_cast<double>(then)) / streams;
  };

  Report report;
  report.add("engine", choice.engine);
  report.add("streams", streams);
  report.add("topics", own_topics ? streams : 1);
  report.add("opened_per_s", streams / opening_s);
  report.add("resident_mb_before", static_cast<double>(before.resident_bytes) / 1e6);
  report.add("resident_mb_after", static_cast<double>(after.resident_bytes) / 1e6);
  report.add("resident_bytes_per_stream", per_stream(before.resident_bytes, after.resident_bytes));
  report.add("own_bytes_per_stream", per_stream(before.anonymous_bytes, after.anonymous_bytes));
  report.add("streams_ended", sink.ended);
  report.print(output);
  return sink.ended == 0 ? 0 : 1;
}

}  // namespace fanfare::bench
