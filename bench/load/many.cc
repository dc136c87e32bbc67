// bench/load/many.cc: more streams than one process may have descriptors: all open, one event, all
// receive it.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "bench/load/counting_sink.h"
#include "bench/load/driver.h"
#include "bench/load/process_stats.h"
#include "bench/load/reader_set.h"
#include "bench/load/report.h"
#include "bench/load/server_choice.h"
#include "bench/load/workloads.h"

namespace fanfare::bench {
namespace {

constexpr uint32_t streams_per_process =
    12'500;  // below the limit of 20,000 that is usual in containers
constexpr unsigned sources_per_process = 4;
constexpr Duration receiving_time_max = std::chrono::seconds(60);

struct Tally {
  uint64_t opened = 0, received = 0, ended = 0;
};

// A process of the generator: opens its streams, says so, and counts until each has its event.
struct Part {
  pid_t process = -1;
  int says = -1;
};

[[noreturn]] void run_part(const sockaddr_in& to, uint32_t streams, unsigned part, int out) {
  const auto say = [&](const Tally& tally) {
    if (write(out, &tally, sizeof tally) != sizeof tally) _exit(1);
  };
  Loop loop;
  CountingSink sink(200);
  ReaderSetOptions options;
  options.to = to;
  options.readers = streams;
  options.source_first = part * sources_per_process;
  options.path = [](uint32_t) { return std::string("/topics/bench"); };
  ReaderSet readers(loop, sink, options);
  readers.open_all(opening_time_max);
  say({readers.open_count(), 0, 0});
  turn_until(loop, monotonic_now() + receiving_time_max,
             [&] { return sink.deliveries + sink.ended >= streams; });
  say({readers.open_count(), sink.deliveries, sink.ended});
  pause();  // the streams stay open until the parent has looked at the broker
  _exit(0);
}

Part start_part(const sockaddr_in& to, uint32_t streams, unsigned part) {
  int ends[2];
  if (pipe(ends) != 0) fail("cannot make a pipe");
  const pid_t process = fork();
  if (process < 0) fail("cannot fork");
  if (process == 0) run_part(to, streams, part, ends[1]);
  close(ends[1]);
  return {process, ends[0]};
}

Tally hear(const std::vector<Part>& parts) {
  Tally sum;
  for (const Part& part : parts) {
    Tally tally;
    if (read(part.says, &tally, sizeof tally) != sizeof tally)
      fail("a part of the generator failed");
    sum.opened += tally.opened;
    sum.received += tally.received;
    sum.ended += tally.ended;
  }
  return sum;
}

}  // namespace

int run_many(Flags& flags) {
  ServerChoice choice = choose_server(flags, -1, -1);
  if (choice.workers == 1) choice.workers = 4;
  if (choice.descriptors == 0) choice.descriptors = 20'000;
  const uint32_t streams = flags.count("streams", 50'000);
  const std::string output = flags.text("output", "text");
  flags.refuse_unknown();

  const auto broker = start_broker(choice, {});
  const Memory before = memory_of(broker->process());
  const Instant began = monotonic_now();
  std::vector<Part> parts;
  for (uint32_t left = streams; left > 0;) {
    const uint32_t share = std::min(left, streams_per_process);
    parts.push_back(start_part(broker->address(), share, static_cast<unsigned>(parts.size())));
    left -= share;
  }
  const Tally opened = hear(parts);
  const double opening_s = std::chrono::duration<double>(monotonic_now() - began).count();

  Loop loop;
  Load load;
  load.publishers = 1;
  load.payload_bytes = 200;
  Driver driver(loop, broker->address(), load);
  const Instant published = monotonic_now();
  driver.publish(1, load.payload_bytes);
  const Tally received = hear(parts);
  const double delivering_s = std::chrono::duration<double>(monotonic_now() - published).count();
  const Memory after = memory_of(broker->process());
  auto metrics = broker->metrics();
  for (const Part& part : parts) {
    kill(part.process, SIGKILL);
    waitpid(part.process, nullptr, 0);
  }

  Report report;
  report.add("engine", choice.engine);
  report.add("workers", choice.workers);
  report.add("descriptor_limit", choice.descriptors);
  report.add("streams_wanted", streams);
  report.add("streams_opened", opened.opened);
  report.add("broker_says_streams", metrics["fanfare_streams"]);
  report.add("events_received", received.received);
  report.add("streams_ended", received.ended);
  report.add("opened_per_s", static_cast<double>(opened.opened) / opening_s);
  report.add("delivered_to_all_ms", delivering_s * 1e3);
  report.add("resident_mb_before", static_cast<double>(before.resident_bytes) / 1e6);
  report.add("resident_mb_after", static_cast<double>(after.resident_bytes) / 1e6);
  report.print(output);
  return received.received == streams && opened.opened == streams ? 0 : 1;
}

}  // namespace fanfare::bench
