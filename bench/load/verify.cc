// bench/load/verify.cc: every stream sees every event of its topic exactly once and in order, or is
// told of the gap, while streams join, stall, leave and resume.
#include <chrono>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "bench/load/ledger.h"
#include "bench/load/report.h"
#include "bench/load/server_choice.h"
#include "bench/load/verify_publishers.h"
#include "bench/load/verify_readers.h"
#include "bench/load/workloads.h"

namespace fanfare::bench {
namespace {

constexpr Duration silence_max = std::chrono::seconds(30);  // nothing new for so long: it is stuck

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) words.push_back(word);
  return words;
}

struct Round {
  std::string engine;
  uint32_t workers = 1;
  std::string topics;   // "one": all read the same; "own": each its own
  std::string history;  // "ample": nothing is lost; "small": gaps are told
  uint32_t streams = 0, events = 0;
  double rate = 0, churn = 0;
  uint64_t seed = 0;
  std::string binary;

  std::string text() const {
    return engine + ", workers " + std::to_string(workers) + ", " + std::to_string(streams) +
           " streams of " + (topics == "one" ? "one topic" : "a topic each") + ", " + history +
           " history";
  }
};

std::vector<std::string> history_flags(const Round& round) {
  if (round.history == "ample") {
    return {"--history-events",      "10000000", "--history-bytes", "4GiB",
            "--history-total-bytes", "8GiB",     "--history-age",   "1h"};
  }
  // Each policy has its turn.
  const char* const lag = round.workers == 1 ? "cut" : round.workers == 2 ? "skip" : "latest";
  return {"--history-events", round.topics == "one" ? "50" : "2", "--lag", lag};
}

Crowd crowd_of(const Round& round) {
  Crowd crowd;
  crowd.streams = round.streams;
  crowd.topics = round.topics == "one" ? 1 : round.streams;
  crowd.leaves_per_second = round.churn * round.streams;
  crowd.stalls_per_second = round.churn * round.streams;
  crowd.gaps_allowed = round.history == "small";
  // What a gap excuses to a reader of many topics is no single stretch: the simulation judges that.
  crowd.pattern_streams = crowd.gaps_allowed ? 0 : 3;
  return crowd;
}

// True: no fault.
bool run_round(const Round& round) {
  ServerChoice choice;
  choice.engine = round.engine;
  choice.workers = round.workers;
  choice.binary = round.binary;
  const auto broker = start_broker(choice, history_flags(round));
  const Crowd crowd = crowd_of(round);
  Random random(round.seed);
  Loop loop;
  Ledger ledger(crowd.topics);
  VerifyReaders readers(loop, broker->address(), crowd, ledger, random);
  VerifyPublishers publishers(loop, broker->address(), {crowd.topics, round.events, round.rate},
                              ledger, random);
  readers.open_first();

  const Instant began = monotonic_now();
  readers.begin(began);
  publishers.begin(began);
  uint64_t seen = 0;
  Instant last_news = began, told = began;
  while (true) {
    loop.turn(std::chrono::milliseconds(1));
    const Instant now = monotonic_now();
    publishers.post_due(now);
    if (!publishers.is_over()) {
      readers.churn(now);
    } else if (readers.gather(now)) {
      break;
    }
    const uint64_t news = ledger.deliveries() + ledger.accepted_count() + readers.connections();
    if (news != seen) last_news = now;
    seen = news;
    if (now - last_news > silence_max) {
      ledger.fault("nothing moves any more, and not everything has arrived");
      readers.tell_incomplete();
      break;
    }
    if (now - told > std::chrono::seconds(10)) {
      told = now;
      std::fprintf(stderr, "  %llu events accepted, %llu delivered\n",
                   static_cast<unsigned long long>(ledger.accepted_count()),
                   static_cast<unsigned long long>(ledger.deliveries()));
    }
    if (broker->ended()) {
      ledger.fault("the broker has ended");
      break;
    }
  }
  // What comes now comes too often.
  for (const Instant until = monotonic_now() + std::chrono::milliseconds(300);
       monotonic_now() < until;) {
    loop.turn(std::chrono::milliseconds(20));
  }
  const double seconds = std::chrono::duration<double>(monotonic_now() - began).count();
  readers.end_all();
  ledger.judge();
  if (crowd.gaps_allowed && ledger.gaps() == 0) {
    std::fprintf(stderr, "  no gap was told: the history was not small enough for this load\n");
  }
  if (!crowd.gaps_allowed && ledger.gaps() > 0) ledger.fault("a gap, but history has everything");
  std::printf(
      "%s %s: %llu events, %llu deliveries in %.1f s, %llu connections, %llu gaps told, "
      "%llu cut, %llu busy, %llu refused, %llu faults\n",
      ledger.faults() == 0 ? "ok  " : "FAIL", round.text().c_str(),
      static_cast<unsigned long long>(ledger.accepted_count()),
      static_cast<unsigned long long>(ledger.deliveries()), seconds,
      static_cast<unsigned long long>(readers.connections()),
      static_cast<unsigned long long>(ledger.gaps()),
      static_cast<unsigned long long>(readers.cut()),
      static_cast<unsigned long long>(readers.busy()),
      static_cast<unsigned long long>(publishers.refused()),
      static_cast<unsigned long long>(ledger.faults()));
  std::fflush(stdout);
  return ledger.faults() == 0;
}

}  // namespace

int run_verify(Flags& flags) {
  Round round;
  round.binary = flags.text("binary", "build/release/fanfare");
  round.streams = flags.count("streams", 10'000);
  round.events = flags.count("events", 100'000);
  round.rate = flags.number("rate", 10'000);
  round.churn = flags.number("churn", 0.02);
  round.seed = flags.count("seed", 1);
  const auto engines = words_of(flags.text("engine", "epoll,io_uring"));
  const auto workers = words_of(flags.text("workers", "1,2,4"));
  const auto topics = words_of(flags.text("topics", "one,own"));
  const auto histories = words_of(flags.text("history", "ample,small"));
  flags.refuse_unknown();

  bool good = true;
  for (const std::string& engine : engines) {
    for (const std::string& count : workers) {
      for (const std::string& topic : topics) {
        for (const std::string& history : histories) {
          round.engine = engine;
          round.workers = static_cast<uint32_t>(std::stoul(count));
          round.topics = topic;
          round.history = history;
          good = run_round(round) && good;
        }
      }
    }
  }
  return good ? 0 : 1;
}

}  // namespace fanfare::bench
