// broker/admission.cc: shared counts and rates.
#include "broker/admission.h"

#include <algorithm>

namespace fanfare {

bool RateLimit::take(Instant now, uint32_t per_second, uint32_t count) {
  if (per_second == 0) return true;
  const int64_t now_ns = now.time_since_epoch().count();
  const int64_t burst_ns = 1'000'000'000;
  const int64_t cost_ns = burst_ns / per_second * count;
  int64_t due = due_ns_.load(std::memory_order_relaxed);
  while (true) {
    const int64_t from = std::max(due, now_ns - burst_ns);
    // A batch larger than the burst passes when nothing is owed, and is then owed.
    if (from + cost_ns > now_ns && from > now_ns - burst_ns) return false;
    if (due_ns_.compare_exchange_weak(due, from + cost_ns, std::memory_order_relaxed)) return true;
  }
}

std::size_t Admission::column(std::size_t row, uint64_t client) {
  constexpr std::array<uint64_t, rows> odd = {0x9e3779b97f4a7c15u, 0xbf58476d1ce4e5b9u,
                                              0x94d049bb133111ebu, 0xd6e8feb86659fd93u};
  return static_cast<std::size_t>((client * odd[row]) >> 50) % columns;
}

Admission::Verdict Admission::admit_stream(const Limits& limits, uint64_t client, Instant now) {
  if (!new_streams_.take(now, limits.new_streams_per_second)) return Verdict::too_fast;
  if (streams_.fetch_add(1, std::memory_order_relaxed) >= limits.streams_max &&
      limits.streams_max != 0) {
    streams_.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::too_many;
  }
  uint32_t least = ~0u;
  for (std::size_t row = 0; row < rows; ++row) {
    least = std::min(least,
                     per_client_[row][column(row, client)].fetch_add(1, std::memory_order_relaxed));
  }
  if (limits.streams_per_client_max != 0 && least >= limits.streams_per_client_max) {
    release_stream(client);
    return Verdict::too_many_of_client;
  }
  return Verdict::admitted;
}

void Admission::release_stream(uint64_t client) {
  streams_.fetch_sub(1, std::memory_order_relaxed);
  for (std::size_t row = 0; row < rows; ++row) {
    per_client_[row][column(row, client)].fetch_sub(1, std::memory_order_relaxed);
  }
}

bool Admission::admit_publish(const Limits& limits, uint64_t publisher, uint32_t events,
                              Instant now) {
  if (limits.publish_rate == 0) return true;
  return publishers_[column(0, publisher)].take(now, limits.publish_rate, events);
}

}  // namespace fanfare
