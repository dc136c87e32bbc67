// bench/load/fanout.cc: one topic, many streams: publishers that are always busy, or a steady rate.
#include <algorithm>
#include <memory>
#include <string>

#include <unistd.h>

#include "bench/load/payload.h"
#include "bench/load/publisher.h"
#include "bench/load/reader_set.h"
#include "bench/load/report.h"
#include "bench/load/server_choice.h"
#include "bench/load/window.h"
#include "bench/load/workloads.h"

namespace fanfare::bench {
namespace {

constexpr Duration opening_time_max = std::chrono::seconds(60);

class CountingSink final : public Sink {
 public:
  explicit CountingSink(std::size_t payload_bytes) : counter(payload_bytes) {}
  void on_head(Reader&, std::string_view) override {}
  void on_body(Reader&, std::string_view bytes) override {
    deliveries += counter.count(bytes);
    received_bytes += bytes.size();
    ++reads;
  }
  void on_end(Reader&, std::string_view why) override {
    if (ended++ == 0)
      std::fprintf(stderr, "a stream ended: %.*s\n", static_cast<int>(why.size()), why.data());
  }

  PayloadCounter counter;
  uint64_t deliveries = 0, received_bytes = 0, reads = 0, ended = 0;
};

struct Load {
  uint32_t streams, publishers;
  std::size_t payload_bytes;
  double rate;  // events a second; 0: as fast as answers come
  Duration warm_up, measured;
};

Load load_of(Flags& flags) {
  Load load{};
  load.streams = flags.count("streams", 10'000);
  load.publishers = flags.count("publishers", 32);
  load.payload_bytes = std::max<std::size_t>(flags.count("bytes", 200), payload_bytes_min);
  load.rate = flags.number("rate", 0);
  load.warm_up = std::chrono::milliseconds(static_cast<int64_t>(flags.number("warm-up", 2) * 1000));
  load.measured =
      std::chrono::milliseconds(static_cast<int64_t>(flags.number("seconds", 5) * 1000));
  return load;
}

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

// Keeps publishers busy, or to their rate: an event that is late because none was idle goes as soon
// as one is.
class Driver {
 public:
  Driver(Loop& loop, const sockaddr_in& to, const Load& load)
      : loop_(loop),
        load_(load),
        data_(make_payload(load.payload_bytes)),
        next_due_(monotonic_now()) {
    add_publishers(publishers_, loop, to, load.publishers,
                   [this](Publisher& publisher, int status, std::string_view) {
                     (status == 200 ? accepted : refused) += 1;
                     if (load_.rate <= 0) post(publisher);
                   });
  }

  void run(Duration time) {
    const Instant until = monotonic_now() + time;
    if (load_.rate <= 0) {
      for (Publisher& publisher : publishers_) {
        if (publisher.is_idle()) post(publisher);
      }
    }
    turn_until(loop_, until, [&] {
      if (load_.rate > 0) post_what_is_due();
      return false;
    });
  }

  uint64_t accepted = 0, refused = 0;

 private:
  void post(Publisher& publisher) {
    write_stamp(data_.data(), monotonic_now());
    publisher.post("/topics/bench", data_);
  }

  void post_what_is_due() {
    const auto interval = Duration(static_cast<int64_t>(1e9 / load_.rate));
    while (next_due_ <= monotonic_now()) {
      const auto idle =
          std::find_if(publishers_.begin(), publishers_.end(),
                       [](const Publisher& publisher) { return publisher.is_idle(); });
      if (idle == publishers_.end()) return;
      // The time it should have gone: what it waited here counts as latency.
      write_stamp(data_.data(), next_due_);
      idle->post("/topics/bench", data_);
      next_due_ += interval;
    }
  }

  Loop& loop_;
  const Load load_;
  std::string data_;
  Instant next_due_;
  Publishers publishers_;
};

double milliseconds(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace

int run_fanout(Flags& flags) {
  const ServerChoice choice = choose_server(flags, 0, 1);
  const Load load = load_of(flags);
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
  const CountingSink* const now = &sink;
  const uint64_t deliveries = now->deliveries, bytes = now->received_bytes, reads = now->reads;
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
  report.add("latency_p50_ms", milliseconds(sink.counter.latency().quantile(0.5)));
  report.add("latency_p99_ms", milliseconds(sink.counter.latency().quantile(0.99)));
  report.add("latency_max_ms", milliseconds(sink.counter.latency().max()));
  report.add("streams_ended", sink.ended);
  report.print(output);
  return sink.ended == 0 ? 0 : 1;
}

}  // namespace fanfare::bench
