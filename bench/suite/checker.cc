// bench/suite/checker.cc: sequences and the holes in them.
#include "bench/suite/checker.h"

#include <algorithm>

namespace fanfare::bench {

Checker::Checker(uint32_t streams, uint32_t sources)
    : sources_(sources), next_(uint64_t{streams} * sources, 0) {}

Seen Checker::see(uint32_t stream, uint32_t source, uint32_t sequence) {
  const uint64_t at = place(stream, source);
  uint32_t& next = next_[at];
  if (sequence == next) {
    ++next;
    return Seen::in_order;
  }
  if (next == given_up) return Seen::in_order;
  if (next == anywhere) {
    next = sequence + 1;
    return Seen::in_order;
  }
  if (sequence > next) {
    ranges_[{at, next}] = sequence;
    holes_ += sequence - next;
    next = sequence + 1;
    return Seen::after_a_hole;
  }
  if (fill(at, sequence)) {
    ++out_of_order;
    return Seen::late;
  }
  ++twice;
  return Seen::twice;
}

bool Checker::fill(uint64_t place, uint32_t sequence) {
  auto range = ranges_.upper_bound({place, sequence});
  if (range == ranges_.begin()) return false;
  --range;
  const auto [key, end] = *range;
  if (key.first != place || sequence >= end) return false;
  ranges_.erase(range);
  if (key.second < sequence) ranges_[key] = sequence;
  if (sequence + 1 < end) ranges_[{place, sequence + 1}] = end;
  --holes_;
  return true;
}

void Checker::forget_holes(uint64_t place) {
  auto range = ranges_.lower_bound({place, 0});
  while (range != ranges_.end() && range->first.first == place) {
    holes_ -= range->second - range->first.second;
    range = ranges_.erase(range);
  }
}

void Checker::begin_anywhere(uint32_t stream) {
  for (uint32_t source = 0; source < sources_; ++source) next_[place(stream, source)] = anywhere;
}

void Checker::expect(uint32_t stream, uint32_t source, uint32_t sequence) {
  next_[place(stream, source)] = sequence;
}

void Checker::give_up(uint32_t stream) {
  for (uint32_t source = 0; source < sources_; ++source) {
    forget_holes(place(stream, source));
    next_[place(stream, source)] = given_up;
  }
}

uint64_t Checker::behind(uint32_t stream, const uint32_t* published) const {
  uint64_t sum = 0;
  for (uint32_t source = 0; source < sources_; ++source) {
    const uint32_t next = next_[place(stream, source)];
    if (next < given_up && published[source] > next) sum += published[source] - next;
  }
  return sum;
}

}  // namespace fanfare::bench
