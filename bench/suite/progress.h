// bench/suite/progress.h: what a person sees while it runs: a bar, and the rates of the moment, on
// standard error.
//
// Owned by: the conductor. On a terminal one line that moves; elsewhere a line every ten seconds.
#pragma once

#include <string>
#include <string_view>

#include "bench/suite/measurement.h"
#include "core/time.h"

namespace fanfare::bench {

enum class Talk : uint8_t { quiet, progress };

class Progress {
 public:
  explicit Progress(Talk talk);
  ~Progress();

  // `share` of this step, 0..1.
  void show(std::string_view step, double share, const Sample& before, const Sample& now);
  void clear();

 private:
  const Talk talk_;
  const bool terminal_;
  Instant next_;
};

// "1.2M", "340k", "17".
std::string short_number(double value);

}  // namespace fanfare::bench
