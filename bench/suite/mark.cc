// bench/suite/mark.cc: differences and sums.
#include "bench/suite/mark.h"

#include <algorithm>
#include <memory>

namespace fanfare::bench {

StageResult difference(const Mark& before, const Mark& after) {
  StageResult result;
  result.seconds = after.sample.at_s - before.sample.at_s;
  result.accepted = after.sample.accepted - before.sample.accepted;
  result.deliveries = after.sample.deliveries - before.sample.deliveries;
  result.rejected = after.rejected - before.rejected;
  result.unanswered = after.unanswered - before.unanswered;
  result.bytes = after.bytes - before.bytes;
  result.reads = after.reads - before.reads;
  result.server_cpu_s = after.sample.server_cpu_s - before.sample.server_cpu_s;
  result.softirq_cpu_s = after.sample.softirq_cpu_s - before.sample.softirq_cpu_s;
  result.generator_cpu_s = after.sample.generator_cpu_s - before.sample.generator_cpu_s;
  result.resident_mb = after.sample.resident_mb;
  for (std::size_t i = 0; i < after.parts_cpu_s.size() && i < before.parts_cpu_s.size(); ++i) {
    result.busiest_part_cpu_s =
        std::max(result.busiest_part_cpu_s, after.parts_cpu_s[i] - before.parts_cpu_s[i]);
  }
  return result;
}

void add_latencies(const Plan& plan, Board& board, std::span<const ReceiverShare> receivers,
                   uint32_t stage, StageResult& result) {
  const auto merged = [&](Histogram StageTally::*which, auto&& wanted) {
    const auto sum = std::make_unique<Histogram>();
    for (std::size_t i = 0; i < board.parts().size(); ++i) {
      if (wanted(i)) sum->merge(board.part(i).stages[stage].*which);
    }
    return spread_of(*sum);
  };
  const auto all = [](std::size_t) { return true; };
  result.latency = merged(&StageTally::latency, all);
  result.to_last = merged(&StageTally::to_last, all);
  result.publish = merged(&StageTally::publish, all);
  if (plan.groups.size() < 2) return;
  for (std::size_t group = 0; group < plan.groups.size(); ++group) {
    const auto of_group = [&](std::size_t part) {
      return std::any_of(receivers.begin(), receivers.end(), [&](const ReceiverShare& share) {
        return share.part == part && share.group == group;
      });
    };
    result.groups.push_back({plan.groups[group].name, merged(&StageTally::latency, of_group),
                             merged(&StageTally::to_last, of_group)});
  }
}

Checks checks_of(Board& board) {
  Checks checks;
  checks.deliveries = board.sum(&PartTally::deliveries);
  checks.lost = board.sum(&PartTally::holes) + board.sum(&PartTally::behind);
  checks.twice = board.sum(&PartTally::twice);
  checks.out_of_order = board.sum(&PartTally::out_of_order);
  checks.corrupt = board.sum(&PartTally::corrupt);
  checks.cut = board.sum(&PartTally::cut);
  checks.refused = board.sum(&PartTally::refused);
  checks.rejected = board.sum(&PartTally::rejected);
  checks.unanswered = board.sum(&PartTally::unanswered);
  for (const PartTally& part : board.parts()) {
    if (part.last_reason[0] != 0) checks.last_reason = part.last_reason;
  }
  return checks;
}

}  // namespace fanfare::bench
