// bench/suite/generator.h: the processes that make the load: how many, which streams each has, and
// their lives.
//
// Owned by: the conductor. They end with their Generator, and with the program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/suite/board.h"
#include "bench/suite/dialect.h"
#include "bench/suite/publisher_part.h"
#include "bench/suite/receiver_part.h"

namespace fanfare::bench {

struct Shares {
  std::vector<ReceiverShare> receivers;
  std::vector<PublisherShare> publishers;
  std::size_t parts() const { return receivers.size() + publishers.size(); }
};

// No process holds more streams than `streams_max`; where there are cores, a group of many streams
// is spread over as many processes.
Shares divide(const Plan& plan, uint32_t streams_max, unsigned cores);

// This process and those it forks from now on run on these cores only; none: anywhere.
void run_on(const std::vector<int>& cores);

class Generator {
 public:
  Generator(const Plan& plan, Board& board, const SubscribeDialect& subscribe,
            const PublishDialect& publish, const Shares& shares, const std::string& run);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  const std::vector<pid_t>& processes() const { return processes_; }
  bool all_alive() const;

 private:
  std::vector<pid_t> processes_;
};

}  // namespace fanfare::bench
