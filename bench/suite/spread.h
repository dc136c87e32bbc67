// bench/suite/spread.h: what is told of a histogram: how many, the mean, and the value at some
// shares.
//
// A value.
#pragma once

#include <array>
#include <cstdint>

#include "core/histogram.h"

namespace fanfare::bench {

constexpr std::array<double, 12> spread_shares = {0,    0.25,  0.5,   0.75,   0.9,    0.95,
                                                  0.99, 0.995, 0.999, 0.9995, 0.9999, 1};

struct Spread {
  uint64_t count = 0;
  double mean_ms = 0;
  std::array<double, spread_shares.size()> at_ms{};

  double p50() const { return at_ms[2]; }
  double p90() const { return at_ms[4]; }
  double p99() const { return at_ms[6]; }
  double p999() const { return at_ms[8]; }
  double max() const { return at_ms.back(); }
};

inline double milliseconds_of(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

inline Spread spread_of(const Histogram& histogram) {
  Spread spread;
  spread.count = histogram.count();
  if (spread.count == 0) return spread;
  spread.mean_ms = milliseconds_of(histogram.sum()) / static_cast<double>(spread.count);
  for (std::size_t i = 0; i < spread_shares.size(); ++i) {
    spread.at_ms[i] = milliseconds_of(histogram.quantile(spread_shares[i]));
  }
  spread.at_ms.back() = milliseconds_of(histogram.max());
  return spread;
}

}  // namespace fanfare::bench
