// bench/suite/mark.h: where all counters stood at a moment, and what two moments and the
// histograms say together.
//
// Values and pure functions over the Board.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bench/suite/board.h"
#include "bench/suite/measurement.h"
#include "bench/suite/receiver_part.h"

namespace fanfare::bench {

struct Mark {
  Sample sample;
  uint64_t rejected = 0, unanswered = 0, bytes = 0, reads = 0;
  std::vector<double> parts_cpu_s;
};

StageResult difference(const Mark& before, const Mark& after);
// Merges the parts' histograms of one stage.
void add_latencies(const Plan& plan, Board& board, std::span<const ReceiverShare> receivers,
                   uint32_t stage, StageResult& result);
Checks checks_of(Board& board);

}  // namespace fanfare::bench
