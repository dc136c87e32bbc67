// broker/drain.h: the end of a broker in good order: its streams are closed evenly over a time,
// each once it has everything.
//
// Thread: its worker's.   Owned by: Worker.
#pragma once

#include <vector>

#include "broker/streams.h"

namespace fanfare {

class Drain {
 public:
  explicit Drain(Streams& streams, StreamTable& table, FeedTable& feeds)
      : streams_(streams), table_(table), feeds_(feeds) {}

  void begin(Instant now, Duration window, Random& random);
  bool is_on() const { return on_; }
  // Closes what is due. A stream that lacks events waits, at most until the window's end.
  void step(Instant now);
  Instant next_step(Instant now) const { return on_ ? now + std::chrono::milliseconds(20) : never; }

 private:
  bool has_all(const Stream& stream);

  Streams& streams_;
  StreamTable& table_;
  FeedTable& feeds_;
  bool on_ = false;
  Instant began_{}, end_{};
  std::size_t at_start_ = 0;
  std::vector<Slot> left_;  // shuffled: neighbours in time of arrival do not come back together
};

}  // namespace fanfare
