// bench/suite/rate_search.cc: doubling, then bisection.
#include "bench/suite/rate_search.h"

#include <cmath>

namespace fanfare::bench {

std::optional<double> RateSearch::next() const {
  const bool found = good_ > 0 && bad_ > 0 && bad_ / good_ <= resolution;
  if (found || next_ < 1) return std::nullopt;
  return next_;
}

void RateSearch::tell(bool good) {
  if (!good && !second_try_) {
    second_try_ = true;
    return;
  }
  second_try_ = false;
  (good ? good_ : bad_) = next_;
  if (bad_ == 0) {
    next_ = 2 * good_;
  } else if (good_ == 0) {
    next_ = bad_ / 2;
  } else {
    next_ = std::sqrt(good_ * bad_);
  }
}

}  // namespace fanfare::bench
