// core/random.h: a small fast generator from one seed, for jitter, simulations and tests. Never for
// secrets.
//
// Thread: its owner's. The same seed gives the same numbers on every machine.
// The algorithm is xoshiro256** of Blackman and Vigna ("Scrambled linear pseudorandom number
// generators", ACM TOMS 47, 2021), its state filled by SplitMix64 (Steele, Lea, Flood, OOPSLA
// 2014), as they advise.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include "core/check.h"
#include "core/time.h"

namespace fanfare {

class Random {
 public:
  using result_type = uint64_t;  // a standard bit generator: std::shuffle takes it
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) word = split_mix(seed);
  }

  uint64_t operator()() { return next(); }
  uint64_t next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // 0 .. n-1; the bias is below n / 2^32.
  uint32_t below(uint32_t n) {
    CHECK_LT(0u, n);
    return static_cast<uint32_t>(((next() >> 32) * n) >> 32);
  }
  // 0 <= x < 1
  double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return fraction() < probability; }

  // Evenly spread over `base` less and more `share` of it: jitter(10 s, 0.2) lies between 8 s and
  // 12 s.
  Duration jitter(Duration base, double share) {
    const double factor = 1.0 + share * (2.0 * fraction() - 1.0);
    return Duration(static_cast<Duration::rep>(static_cast<double>(base.count()) * factor));
  }

 private:
  static uint64_t split_mix(uint64_t& state) {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::array<uint64_t, 4> state_{};
};

}  // namespace fanfare
