// bench/suite/conductor.cc: one measurement from the first stream to the last event.
#include "bench/suite/conductor.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "bench/load/process_stats.h"
#include "bench/suite/rate_search.h"

namespace fanfare::bench {
namespace {

constexpr Duration tick_every = std::chrono::milliseconds(20);
constexpr Duration sample_every = std::chrono::milliseconds(250);
constexpr Duration settle_max = std::chrono::seconds(20);
constexpr Duration silence_max = std::chrono::seconds(2);
constexpr Duration memory_rest = std::chrono::milliseconds(1'500);
// Opened before memory is first looked at, so that code and first pages are not counted as streams.
constexpr uint32_t first_streams = 500;
constexpr double opening_patience_s = 600;  // while streams still come
constexpr Duration opening_silence_max = std::chrono::seconds(10);

double seconds_of(Duration d) {
  return std::chrono::duration<double>(d).count();
}

Duration of_seconds(double s) {
  return Duration(static_cast<int64_t>(s * 1e9));
}

}  // namespace

Conductor::Conductor(const Plan& plan, Board& board, const Shares& shares,
                     const Generator& generator, const ServerProcess& server, Talk talk,
                     std::function<bool()> stop)
    : plan_(plan),
      board_(board),
      shares_(shares),
      generator_(generator),
      server_(server),
      stop_(std::move(stop)),
      progress_(talk),
      began_(monotonic_now()) {}

void Conductor::run(Measurement& result) {
  open_streams(result);
  // A server that lets nobody in is not measured.
  const bool has_readers = result.streams_wanted == 0 || result.streams_opened > 0;
  if (has_readers && plan_.search.p99_under_ms > 0) {
    run_search(result);
  } else if (has_readers) {
    run_stages(result);
  }
  if (plan_.storm.missed_events > 0 && has_readers && !ended()) run_storm(result);
  settle();
  result.memory.end_mb = static_cast<double>(server_.use().resident_bytes) / 1e6;
  result.checks = checks_of(board_);
  result.interrupted = stop_();
  result.series = series_;
  board_.give(Order::end);
}

void Conductor::open_streams(Measurement& result) {
  const uint32_t all = plan_.streams();
  result.streams_wanted = all;
  result.memory.known = server_.is_known();
  result.memory.before_mb = static_cast<double>(server_.use().resident_bytes) / 1e6;
  if (all == 0) return;
  const Instant began = monotonic_now();
  const uint32_t first = std::min(all, first_streams);
  open_up_to(first, of_seconds(opening_patience_s), plan_.ramp_per_s);
  const bool measures_memory = all >= 4 * first;
  double early_bytes = 0;
  if (measures_memory) {
    wait_for(memory_rest, "open");
    early_bytes = static_cast<double>(server_.use().resident_bytes);
  }
  const double rested = measures_memory ? seconds_of(memory_rest) : 0;
  open_up_to(all, of_seconds(opening_patience_s), plan_.ramp_per_s);
  result.opening_s = seconds_of(monotonic_now() - began) - rested;
  result.streams_opened = static_cast<uint32_t>(board_.sum(&PartTally::opened));
  if (measures_memory) {
    wait_for(memory_rest, "open");
    const auto late_bytes = static_cast<double>(server_.use().resident_bytes);
    result.memory.bytes_per_stream = (late_bytes - early_bytes) / (all - first);
  }
  result.memory.open_mb = static_cast<double>(server_.use().resident_bytes) / 1e6;
}

// The parts open what they are told to have: the ramp is how fast they are told.
bool Conductor::open_up_to(uint32_t streams, Duration patience, double ramp_per_s) {
  const auto open_now = static_cast<uint32_t>(board_.sum(&PartTally::opened));
  const Instant began = monotonic_now();
  uint64_t most = open_now;
  Instant grew_at = began;
  const bool all = wait_until(patience, "open", [&] {
    const double allowed = open_now + ramp_per_s * seconds_of(monotonic_now() - began);
    set_targets(static_cast<uint32_t>(std::min<double>(streams, allowed)));
    const uint64_t opened = board_.sum(&PartTally::opened);
    if (opened > most) most = opened, grew_at = monotonic_now();
    return opened >= streams || monotonic_now() - grew_at > opening_silence_max;
  });
  return all && board_.sum(&PartTally::opened) >= streams;
}

void Conductor::set_targets(uint32_t streams) {
  const double share = static_cast<double>(streams) / std::max(1u, plan_.streams());
  uint32_t left = streams;
  for (const ReceiverShare& receiver : shares_.receivers) {
    const bool is_last = &receiver == &shares_.receivers.back();
    const auto part = static_cast<uint32_t>(receiver.count * share);
    const uint32_t mine = std::min(is_last ? left : part, receiver.count);
    board_.part(receiver.part).target.store(mine, std::memory_order_relaxed);
    left -= std::min(left, mine);
  }
}

void Conductor::run_stages(Measurement& result) {
  for (uint32_t i = 0; i < plan_.stages.size() && !ended(); ++i) {
    if (auto stage = run_stage(i)) result.stages.push_back(std::move(*stage));
  }
}

// The first stage is the warm-up of all others.
void Conductor::run_search(Measurement& result) {
  const double base = plan_.groups.front().rate;
  RateSearch search(base);
  SearchResult found{.p99_under_ms = plan_.search.p99_under_ms};
  for (uint32_t i = 1; i < plan_.stages.size() && search.next() && !ended(); ++i) {
    const double scale = *search.next() / base;
    run_stage(0, scale);
    settle();
    auto stage = run_stage(i, scale);
    if (ended()) break;
    stage->name = short_number(stage->rate_wanted) + "/s";
    const Spread& latency = stage->to_last.count > 0 ? stage->to_last : stage->latency;
    const bool good = latency.count > 0 && latency.p99() < found.p99_under_ms &&
                      stage->kept_rate() && stage->rejected == 0;
    search.tell(good);
    if (good) {  // a rate that is tried is higher than every one that was good
      found.events_per_s = stage->per_s(stage->accepted);
      found.deliveries_per_s = stage->per_s(stage->deliveries);
      found.p99_ms = latency.p99();
    }
    result.stages.push_back(std::move(*stage));
  }
  found.found = !search.next().has_value() && search.highest() > 0;
  result.search = found;
}

std::optional<StageResult> Conductor::run_stage(uint32_t number, double rate_scale) {
  const Stage& stage = plan_.stages[number];
  const Mark before = mark();
  for (PartTally& part : board_.parts()) part.late.clear();
  board_.give(Order::publish, number, rate_scale);
  wait_for(of_seconds(stage.seconds), stage.name);
  const Mark after = mark();
  double late_p99_ms = 0;
  for (const PartTally& part : board_.parts()) {
    late_p99_ms = std::max(late_p99_ms, milliseconds_of(part.late.quantile(0.99)));
  }
  // Nothing of one stage is to lie in the next one's way, unless it only warms up for it.
  if (stage.counted == Counted::no) return std::nullopt;
  const Duration after_it = settle();
  StageResult measured = difference(before, after);
  measured.drain_s = seconds_of(after_it);
  measured.name = stage.name;
  measured.drive = stage.drive;
  measured.late_p99_ms = late_p99_ms;
  if (stage.drive == Drive::open) {
    for (const Group& group : plan_.groups) {
      if (stage.publishes_to(group)) measured.rate_wanted += group.rate * rate_scale;
    }
  }
  add_latencies(plan_, board_, shares_.receivers, number, measured);
  return measured;
}

void Conductor::run_storm(Measurement& result) {
  StormResult storm;
  storm.streams = static_cast<uint32_t>(board_.sum(&PartTally::opened));
  board_.give(Order::cut);
  wait_until(settle_max, "cut", [&] { return board_.sum(&PartTally::opened) == 0; });
  // Nobody listens: cut streams come back only when they are told to.
  const uint64_t accepted = board_.sum(&PartTally::accepted);
  board_.give(Order::missed, static_cast<uint32_t>(plan_.stages.size()));
  wait_until(of_seconds(60), "miss", [&] {
    return board_.sum(&PartTally::accepted) >= accepted + plan_.storm.missed_events;
  });
  storm.missed_events = static_cast<uint32_t>(board_.sum(&PartTally::accepted) - accepted);
  wait_for(std::chrono::milliseconds(300), "miss");
  const Mark before = mark();
  const Instant began = monotonic_now();
  board_.give(Order::resume);
  wait_until(of_seconds(60), "resume",
             [&] { return board_.sum(&PartTally::opened) >= storm.streams; });
  storm.open_s = seconds_of(monotonic_now() - began);
  storm.all_came_back = wait_until(of_seconds(60), "resume", [&] {
    return board_.sum(&PartTally::opened) >= storm.streams && behind() == 0;
  });
  storm.caught_up_s = seconds_of(monotonic_now() - began);
  const StageResult spent = difference(before, mark());
  storm.cpu_us_per_reconnect = spent.cpu_us_per(storm.streams);
  result.storm = storm;
}

Duration Conductor::settle() {
  board_.give(Order::rest);
  const Instant began = monotonic_now();
  const Instant until = began + settle_max;
  Instant quiet_since = began;
  uint64_t seen = board_.sum(&PartTally::deliveries);
  while (monotonic_now() < until && monotonic_now() - quiet_since < silence_max) {
    tick("settle", 1);
    std::this_thread::sleep_for(tick_every);
    uint64_t busy = 0;
    for (const PartTally& part : board_.parts()) busy += part.busy.load();
    const uint64_t deliveries = board_.sum(&PartTally::deliveries);
    if (deliveries != seen || busy > 0) quiet_since = monotonic_now();
    seen = deliveries;
    if (busy == 0 && behind() == 0) break;
  }
  return quiet_since - began;
}

// Counted anew by every part since we asked.
uint64_t Conductor::behind() {
  std::vector<uint64_t> serials;
  for (const PartTally& part : board_.parts()) serials.push_back(read(part.behind_serial));
  const Instant until = monotonic_now() + std::chrono::seconds(1);
  for (const ReceiverShare& share : shares_.receivers) {
    // Two more: one count may have been under way.
    while (read(board_.part(share.part).behind_serial) < serials[share.part] + 2 &&
           monotonic_now() < until && !ended()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  return board_.sum(&PartTally::behind);
}

bool Conductor::ended() const {
  return stop_() || server_.has_ended() || !generator_.all_alive();
}

void Conductor::wait_for(Duration time, std::string_view step) {
  const Instant began = monotonic_now();
  const Instant until = began + time;
  while (monotonic_now() < until && !ended()) {
    tick(step, seconds_of(monotonic_now() - began) / seconds_of(time));
    std::this_thread::sleep_for(
        std::min<Duration>(tick_every, std::max<Duration>(until - monotonic_now(), Duration(0))));
  }
}

bool Conductor::wait_until(Duration patience, std::string_view step,
                           const std::function<bool()>& done) {
  const Instant until = monotonic_now() + patience;
  while (!done()) {
    if (monotonic_now() >= until || ended()) return false;
    const auto open = static_cast<double>(board_.sum(&PartTally::opened));
    tick(step, open / std::max(1u, plan_.streams()));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void Conductor::tick(std::string_view step, double share) {
  const Instant now = monotonic_now();
  if (now < next_sample_) return;
  next_sample_ = now + sample_every;
  series_.push_back(sample());
  const std::size_t back = std::min<std::size_t>(series_.size() - 1, 4);
  progress_.show(step, share, series_[series_.size() - 1 - back], series_.back());
}

Sample Conductor::sample() const {
  Sample sample;
  sample.at_s = seconds_of(monotonic_now() - began_);
  sample.streams = board_.sum(&PartTally::opened);
  sample.accepted = board_.sum(&PartTally::accepted);
  sample.deliveries = board_.sum(&PartTally::deliveries);
  const ServerUse use = server_.use();
  sample.server_cpu_s = use.cpu_s;
  sample.resident_mb = static_cast<double>(use.resident_bytes) / 1e6;
  sample.softirq_cpu_s = softirq_thread_seconds();
  sample.generator_cpu_s = cpu_seconds(getpid());
  for (const pid_t process : generator_.processes()) sample.generator_cpu_s += cpu_seconds(process);
  return sample;
}

Mark Conductor::mark() const {
  Mark mark;
  mark.sample = sample();
  mark.rejected = board_.sum(&PartTally::rejected);
  mark.unanswered = board_.sum(&PartTally::unanswered);
  mark.bytes = board_.sum(&PartTally::bytes);
  mark.reads = board_.sum(&PartTally::reads);
  for (const pid_t process : generator_.processes())
    mark.parts_cpu_s.push_back(cpu_seconds(process));
  return mark;
}

}  // namespace fanfare::bench
