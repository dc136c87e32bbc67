// bench/suite/rate_search.h: which rate to try next, on the way to the highest that a server can
// keep up with.
//
// A value. Doubles until a rate is too high, then halves the interval (of the logarithm) until the
// answer is known to 5 %. On a machine that others use, too, one bad try proves nothing: a rate is
// too high when two tries in a row were bad.
#pragma once

#include <optional>

namespace fanfare::bench {

class RateSearch {
 public:
  explicit RateSearch(double first) : next_(first) {}

  // Events a second; nothing when the answer is known, or lies below one event a second.
  std::optional<double> next() const;
  // How next() went.
  void tell(bool good);
  double highest() const { return good_; }  // 0: none was good

 private:
  static constexpr double resolution = 1.05;

  double next_;
  double good_ = 0, bad_ = 0;  // 0: none yet
  bool second_try_ = false;
};

}  // namespace fanfare::bench
