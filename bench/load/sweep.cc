// bench/load/sweep.cc: how long one event takes from the first reader of a topic to the last, with
// one worker and with several.
//
// Nobody reads while a sweep is under way, so that the workers have the cores for themselves: the
// kernel notes when each socket's bytes arrived, and they are looked at afterwards. Both brokers
// run throughout and take turns, so that what the machine does meanwhile falls on both alike.
#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/load/counting_sink.h"
#include "bench/load/driver.h"
#include "bench/load/median.h"
#include "bench/load/reader_set.h"
#include "bench/load/report.h"
#include "bench/load/server_choice.h"
#include "bench/load/workloads.h"

namespace fanfare::bench {
namespace {

// A broker and the readers of its one topic.
class Side {
 public:
  Side(Loop& loop, ServerChoice choice, uint32_t workers, uint32_t streams, unsigned source,
       std::size_t bytes)
      : sink_(bytes) {
    choice.workers = workers;
    broker_ = start_broker(choice, {});
    ReaderSetOptions options;
    options.to = broker_->address();
    options.readers = streams;
    options.source_first = source;
    options.path = [](uint32_t) { return std::string("/topics/bench"); };
    readers_ = std::make_unique<ReaderSet>(loop, sink_, options);
    readers_->open_all(opening_time_max);
    for (uint32_t i = 0; i < readers_->size(); ++i) {
      (*readers_)[i].set_reading(Reading::never);
      (*readers_)[i].stamp_arrivals();
    }
    Load load;
    load.publishers = 1;
    load.payload_bytes = bytes;
    driver_ = std::make_unique<Driver>(loop, broker_->address(), load);
  }

  // From the first arrival to the last.
  double sweep_ms(std::size_t bytes, Duration pause) {
    for (uint32_t i = 0; i < readers_->size(); ++i) (*readers_)[i].drain();
    driver_->publish_one(bytes);
    std::this_thread::sleep_for(pause);
    std::vector<WallTime> arrivals;
    for (uint32_t i = 0; i < readers_->size(); ++i) {
      if (const auto at = (*readers_)[i].drain()) arrivals.push_back(*at);
    }
    if (arrivals.size() < readers_->size()) {
      fail("only " + std::to_string(arrivals.size()) + " of " + std::to_string(readers_->size()) +
           " readers had the event in time: give it longer with --pause-ms");
    }
    const auto [first, last] = std::minmax_element(arrivals.begin(), arrivals.end());
    return milliseconds_of(*last - *first);
  }

 private:
  CountingSink sink_;
  std::unique_ptr<Subject> broker_;
  std::unique_ptr<ReaderSet> readers_;
  std::unique_ptr<Driver> driver_;
};

}  // namespace

int run_sweep(Flags& flags) {
  ServerChoice choice = choose_server(flags, -1, -1);
  const uint32_t workers = choice.workers == 1 ? 2 : choice.workers;
  const uint32_t streams = flags.count("streams", 8'000);
  const uint32_t rounds = flags.count("rounds", 21);
  const std::size_t bytes = flags.count("bytes", 200);
  const Duration pause = std::chrono::milliseconds(flags.count("pause-ms", 400));
  const std::string output = flags.text("output", "text");
  flags.refuse_unknown();

  Loop loop;
  Side one(loop, choice, 1, streams, 0, bytes);
  Side several(loop, choice, workers, streams, 8, bytes);
  std::vector<double> by_one, by_several, ratios;
  for (uint32_t round = 0; round < rounds; ++round) {
    by_one.push_back(one.sweep_ms(bytes, pause));
    by_several.push_back(several.sweep_ms(bytes, pause));
    ratios.push_back(by_several.back() / by_one.back());
  }

  Report report;
  report.add("engine", choice.engine);
  report.add("streams", streams);
  report.add("rounds", rounds);
  report.add("sweep_ms_1_worker", median(by_one));
  report.add("sweep_ms_" + std::to_string(workers) + "_workers", median(by_several));
  report.add("ratio_median", median(ratios));
  report.add("ratio_min", *std::min_element(ratios.begin(), ratios.end()));
  report.add("ratio_max", *std::max_element(ratios.begin(), ratios.end()));
  report.print(output);
  return 0;
}

}  // namespace fanfare::bench
