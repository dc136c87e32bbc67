// app/memory_budget.h: the limits added up: the most memory that the broker can take.
//
// Thread: any; pure functions but for log_memory_budget. User memory; the kernel's buffers of
// sockets are besides. Not in the sum, because only the number of connections bounds it: bodies
// that are arriving, named by the last line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/settings.h"

namespace fanfare {

struct MemoryLine {
  std::string what;
  uint64_t count = 0;
  uint64_t bytes_each = 0;
  uint64_t bytes() const;  // cut off at the largest number
};

struct MemoryBudget {
  uint64_t streams = 0;  // that can be open at all: settings and descriptors
  std::vector<MemoryLine> lines;
  MemoryLine largest_request;  // of one connection, beyond the sum
  uint64_t total() const;
};

// settings.workers 0 counts as 1. `descriptors`: the process' soft limit, which bounds the streams.
MemoryBudget memory_budget(const Settings& settings, uint64_t descriptors);

// A table for people, with the sum against `memory` (0: unknown).
std::string show_memory_budget(const MemoryBudget& budget, uint64_t memory);

// One line at start, and a warning with the cure if the sum is more than `memory`.
void log_memory_budget(const MemoryBudget& budget, uint64_t memory);

}  // namespace fanfare
