// broker/drain.cc: which streams are due.
#include "broker/drain.h"

#include <algorithm>

namespace fanfare {

void Drain::begin(Instant now, Duration window, Random& random) {
  if (on_) return;
  on_ = true;
  began_ = now;
  end_ = now + window;
  streams_.for_each([&](uint32_t slot) { left_.push_back(table_.slot(slot)); });
  for (std::size_t i = left_.size(); i > 1; --i)
    std::swap(left_[i - 1], left_[random.below(static_cast<uint32_t>(i))]);
  at_start_ = left_.size();
}

bool Drain::has_all(const Stream& stream) {
  const bool own = stream.extra != nullptr && !stream.extra->empty();
  return !stream.blocked && !stream.pulling && !own && stream.torn == nullptr &&
         stream.next > feeds_[stream.feed].last();
}

void Drain::step(Instant now) {
  if (!on_ || left_.empty()) return;
  const bool over = now >= end_;
  std::size_t may_stay = 0;
  if (!over) {
    const double left =
        std::chrono::duration<double>(end_ - now) / std::chrono::duration<double>(end_ - began_);
    may_stay = static_cast<std::size_t>(static_cast<double>(at_start_) * left);
  }
  std::vector<Slot> waiting;
  while (left_.size() + waiting.size() > may_stay && !left_.empty()) {
    const Slot slot = left_.back();
    left_.pop_back();
    Stream* const stream = table_.find(slot);
    if (stream == nullptr || stream->closing) continue;
    if (!over && !has_all(*stream)) {
      waiting.push_back(slot);
      continue;
    }
    streams_.close(slot.index, CloseReason::drain, now);
  }
  left_.insert(left_.begin(), waiting.begin(), waiting.end());
}

}  // namespace fanfare
