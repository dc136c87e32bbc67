// bench/load/driver.h: what is published in a measurement: as fast as answers come, or at a steady
// rate.
//
// Owned by: a workload.
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/flags.h"
#include "bench/load/publisher.h"

namespace fanfare::bench {

struct Load {
  uint32_t streams = 0;
  uint32_t publishers = 0;
  std::size_t payload_bytes = 0;
  double rate = 0;  // events a second; 0: as fast as answers come
  Duration warm_up{};
  Duration measured{};
};

// Reads --streams, --publishers, --bytes, --rate, --warm-up and --seconds.
Load load_of(Flags& flags, const Load& otherwise);

constexpr Duration opening_time_max = std::chrono::seconds(120);

class Driver {
 public:
  Driver(Loop& loop, const sockaddr_in& to, const Load& load);

  void run(Duration time);
  // One event of such a size; returns when it is answered.
  void publish_one(std::size_t bytes);

  uint64_t accepted = 0, refused = 0;

 private:
  void post(Publisher& publisher);
  void post_what_is_due();

  Loop& loop_;
  const Load load_;
  std::string data_;
  Instant next_due_;
  std::size_t next_publisher_ = 0;
  bool busy_ = false;  // an answer is followed by the next event
  Publishers publishers_;
};

}  // namespace fanfare::bench
