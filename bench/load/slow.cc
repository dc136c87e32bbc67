// bench/load/slow.cc: stalled and slow readers among healthy ones: what they cost the others.
#include <algorithm>
#include <string>

#include "bench/load/counting_sink.h"
#include "bench/load/driver.h"
#include "bench/load/process_stats.h"
#include "bench/load/reader_set.h"
#include "bench/load/report.h"
#include "bench/load/server_choice.h"
#include "bench/load/window.h"
#include "bench/load/workloads.h"

namespace fanfare::bench {
namespace {

constexpr int small_receive_bytes = 4096;  // so that a reader that does not read is full soon
constexpr Duration paced_every = std::chrono::milliseconds(250);
constexpr std::size_t paced_bytes = 256;
// Fills the sockets of whoever does not read: 16 KiB wait in the kernel at most, and what the
// reader's side takes.
constexpr uint32_t filling_events = 24;
constexpr std::size_t filling_bytes = 16'000;

enum class Kind : uint8_t { healthy, stalled, slow };

class SortingSink final : public Sink {
 public:
  explicit SortingSink(std::size_t payload_bytes) : healthy(payload_bytes), other(payload_bytes) {}
  void on_head(Reader&, std::string_view) override {}
  void on_body(Reader& reader, std::string_view bytes) override {
    (is_healthy(reader) ? healthy : other).on_body(reader, bytes);
  }
  void on_end(Reader& reader, std::string_view why) override {
    (is_healthy(reader) ? healthy : other).on_end(reader, why);
  }
  std::vector<Kind> kinds;
  CountingSink healthy, other;

 private:
  bool is_healthy(const Reader& reader) const { return kinds[reader.index()] == Kind::healthy; }
};

std::vector<Kind> make_kinds(uint32_t streams, double stalled_percent, double slow_percent) {
  std::vector<Kind> kinds(streams, Kind::healthy);
  // Spread over the order of opening: by the hundred.
  for (uint32_t i = 0; i < streams; ++i) {
    const double place = i % 100;
    if (place < stalled_percent) {
      kinds[i] = Kind::stalled;
    } else if (place < stalled_percent + slow_percent) {
      kinds[i] = Kind::slow;
    }
  }
  return kinds;
}

}  // namespace

int run_slow(Flags& flags) {
  const ServerChoice choice = choose_server(flags, 0, 1);
  Load defaults;
  defaults.streams = 10'000;
  defaults.publishers = 4;
  defaults.payload_bytes = 200;
  defaults.rate = 4;
  defaults.warm_up = std::chrono::seconds(3);
  defaults.measured = std::chrono::seconds(10);
  const Load load = load_of(flags, defaults);
  const double stalled_percent = flags.number("stalled", 2);
  const double slow_percent = flags.number("slow", 3);
  const std::string output = flags.text("output", "text");
  flags.refuse_unknown();

  const auto broker = start_broker(choice, {});
  Loop loop;
  SortingSink sink(load.payload_bytes);
  sink.kinds = make_kinds(load.streams, stalled_percent, slow_percent);
  const auto count = [&](Kind kind) {
    return std::count(sink.kinds.begin(), sink.kinds.end(), kind);
  };
  ReaderSetOptions options;
  options.to = broker->address();
  options.readers = load.streams;
  options.path = [](uint32_t) { return std::string("/topics/bench"); };
  options.receive_bytes = [&](uint32_t i) {
    return sink.kinds[i] == Kind::healthy ? 0 : small_receive_bytes;
  };
  ReaderSet readers(loop, sink, options);
  readers.open_all(opening_time_max);
  std::vector<Reader*> slow_readers;
  for (uint32_t i = 0; i < load.streams; ++i) {
    if (sink.kinds[i] == Kind::healthy) continue;
    readers[i].set_reading(sink.kinds[i] == Kind::slow ? Reading::paced : Reading::never);
    if (sink.kinds[i] == Kind::slow) slow_readers.push_back(&readers[i]);
  }
  // Each slow reader reads in its own moment of the period.
  std::size_t next_slow = 0;
  Instant slow_due = monotonic_now();
  const auto pace = [&] {
    if (slow_readers.empty()) return;
    const Duration step = paced_every / static_cast<int64_t>(slow_readers.size());
    for (; slow_due <= monotonic_now(); slow_due += step) {
      slow_readers[next_slow++ % slow_readers.size()]->read_some(paced_bytes);
    }
  };

  Driver driver(loop, broker->address(), load);
  driver.publish(filling_events, filling_bytes);
  driver.run(load.warm_up, pace);
  const auto before = broker->metrics();
  const Memory memory_before = memory_of(broker->process());
  const uint64_t deliveries = sink.healthy.deliveries, slow_deliveries = sink.other.deliveries;
  sink.healthy.counter.clear_latency();
  const Window window(broker->process());
  driver.run(load.measured, pace);
  const Window::Spent spent = window.spent();
  const auto delivered = static_cast<double>(sink.healthy.deliveries - deliveries);
  const Memory memory_after = memory_of(broker->process());
  auto after = broker->metrics();
  const auto grown = [&](const std::string& name) { return after[name] - before.at(name); };

  Report report;
  report.add("engine", choice.engine);
  report.add("healthy", count(Kind::healthy));
  report.add("stalled", count(Kind::stalled));
  report.add("slow", count(Kind::slow));
  report.add("rate", load.rate);
  report.add("seconds", spent.seconds);
  report.add("healthy_deliveries_per_s", delivered / spent.seconds);
  report.add("slow_deliveries", sink.other.deliveries - slow_deliveries);
  report.add("server_cpu", spent.server_cpu_s / spent.seconds);
  report.add("generator_cpu", spent.generator_cpu_s / spent.seconds);
  report.add("cpu_ns_per_healthy_delivery",
             (spent.server_cpu_s + spent.softirq_cpu_s) * 1e9 / delivered);
  report.add("sends", grown("fanfare_sends_total"));
  report.add("sends_blocked", grown("fanfare_sends_blocked_total"));
  report.add("resident_mb_before", static_cast<double>(memory_before.resident_bytes) / 1e6);
  report.add("resident_mb_after", static_cast<double>(memory_after.resident_bytes) / 1e6);
  report.add("latency_p50_ms", milliseconds_of(sink.healthy.counter.latency().quantile(0.5)));
  report.add("latency_p99_ms", milliseconds_of(sink.healthy.counter.latency().quantile(0.99)));
  report.add("healthy_ended", sink.healthy.ended);
  report.add("others_ended", sink.other.ended);
  report.print(output);
  return sink.healthy.ended == 0 ? 0 : 1;
}

}  // namespace fanfare::bench
