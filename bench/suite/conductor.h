// bench/suite/conductor.h: leads a measurement: opens the streams at a bounded pace, goes through
// the stages, lets everything arrive, and adds up.
//
// Thread: main's. The generator's processes hear of it by the Board.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/suite/board.h"
#include "bench/suite/generator.h"
#include "bench/suite/mark.h"
#include "bench/suite/measurement.h"
#include "bench/suite/plan.h"
#include "bench/suite/progress.h"
#include "bench/suite/server_process.h"

namespace fanfare::bench {

class Conductor {
 public:
  // `stop` says that a person wants to see what there is. All must outlive it.
  Conductor(const Plan& plan, Board& board, const Shares& shares, const Generator& generator,
            const ServerProcess& server, Talk talk, std::function<bool()> stop);

  // Fills in what was measured.
  void run(Measurement& result);

 private:
  void open_streams(Measurement& result);
  bool open_up_to(uint32_t streams, Duration patience, double ramp_per_s);
  // `rate_scale`: of the groups' rates. Nothing if the stage is not counted.
  std::optional<StageResult> run_stage(uint32_t number, double rate_scale = 1);
  void run_stages(Measurement& result);
  void run_search(Measurement& result);
  void run_storm(Measurement& result);
  // Until every event has come, or nothing comes any more. Returns how long events came.
  Duration settle();
  void wait_for(Duration time, std::string_view step);
  bool wait_until(Duration patience, std::string_view step, const std::function<bool()>& done);
  void tick(std::string_view step, double share);
  void set_targets(uint32_t streams);
  uint64_t behind();
  bool ended() const;

  Mark mark() const;
  Sample sample() const;

  const Plan& plan_;
  Board& board_;
  const Shares& shares_;
  const Generator& generator_;
  const ServerProcess& server_;
  const std::function<bool()> stop_;
  Progress progress_;
  const Instant began_;
  Instant next_sample_{};
  std::vector<Sample> series_;
};

}  // namespace fanfare::bench
