// broker/sleepers.h: which workers sleep, so that a publisher wakes only those who care, once each.
//
// Thread: lie_down and get_up by each worker for itself; waking by any thread.   Owned by: the
// server. A wake-up costs 15 us at each end. `wake` is a callable wake(unsigned worker) that makes
// that worker's engine return from its sleep, now or the next time it sleeps (net/engine.h, Waker).
// A worker may be woken for nothing.
//
// Why no wake-up is lost. All operations are seq_cst, so there is one order of them. A worker sets
// its bit, THEN looks at bus and mailbox, then sleeps. A publisher releases, THEN looks at the
// mask. Either the look of the publisher comes after the bit was set, and it sees it; or the
// release came before the worker's look, and that sees the event. A bit is cleared by fetch_and:
// who finds it set there, and nobody else, wakes; so one wake a sleep.
//
// The quiet sleeper and the gap. A worker is not woken for an event it does not want. Now 5 (not
// wanted) and 6 (wanted) are claimed by two publishers, and 6 is released first: the worker is
// woken for 6, but cannot read past 5, and lies down again. The release of 5 would not wake it, and
// 6 would lie there. So a worker that lies down while something is claimed that it has not read
// sleeps LIGHTLY: any release wakes it. A quiet sleeper has thus seen cursor = tail after its bit
// was set, and who claims later sees that bit. tests/model checks this, and that without it a
// wake-up is lost.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <span>

#include "broker/interest_filter.h"
#include "broker/topic_hash.h"
#include "core/cache_line.h"

namespace fanfare {

class Sleepers {
 public:
  // True: the worker may sleep, and calls get_up() when it has slept. False: there is something to
  // do, it is up.
  template <class Bus, class Mailbox>
  bool lie_down(unsigned worker, const Bus& bus, const Mailbox& mailbox) {
    asleep_.fetch_or(bit_of(worker));
    if (!bus.has_next(worker) && mailbox.empty()) {
      if (bus.is_at_tail(worker)) return true;
      light_.fetch_or(bit_of(worker));
      if (!bus.has_next(worker)) return true;
    }
    get_up(worker);
    return false;
  }

  void get_up(unsigned worker) {
    asleep_.fetch_and(~bit_of(worker));
    if (light_.load() & bit_of(worker)) light_.fetch_and(~bit_of(worker));
  }

  // Wakes each sleeper that sleeps lightly or for which wants(worker) holds. Returns how many.
  template <class Wants, class Wake>
  unsigned wake_if(Wants&& wants, Wake&& wake) {
    unsigned woken = 0;
    for (uint64_t mask = asleep_.load(); mask != 0; mask &= mask - 1) {
      const auto worker = static_cast<unsigned>(std::countr_zero(mask));
      const bool light = (light_.load() & bit_of(worker)) != 0;
      if ((light || wants(worker)) && wake_one(worker, wake)) ++woken;
    }
    return woken;
  }

  // After a push to the worker's mailbox. False: it is awake, or another is waking it.
  template <class Wake>
  bool wake_one(unsigned worker, Wake&& wake) {
    const uint64_t bit = bit_of(worker);
    if ((asleep_.load() & bit) == 0) return false;
    if ((asleep_.fetch_and(~bit) & bit) == 0) return false;
    wake(worker);
    return true;
  }

  bool is_asleep(unsigned worker) const { return (asleep_.load() & bit_of(worker)) != 0; }
  unsigned count() const { return static_cast<unsigned>(std::popcount(asleep_.load())); }

 private:
  static uint64_t bit_of(unsigned worker) { return uint64_t{1} << worker; }

  alignas(cache_line_bytes) std::atomic<uint64_t> asleep_{0};
  std::atomic<uint64_t> light_{0};
};

// After a publisher has released events of these topics (all of one turn together; `any_topic`
// stands for many): wakes the workers that want one of them, and those whose unread events hold a
// quarter of the bus. `filters`: one for each worker.
template <class Bus, class Wake>
unsigned wake_readers(Sleepers& sleepers, const Bus& bus, std::span<const InterestFilter> filters,
                      std::span<const TopicHash> topics, Wake&& wake) {
  const auto wants = [&](unsigned worker) {
    for (const TopicHash topic : topics) {
      if (filters[worker].wants(topic)) return true;
    }
    return bus.is_lagging(worker);
  };
  return sleepers.wake_if(wants, wake);
}

// After a refused claim: wakes everyone who sleeps with unread events, whether wanted or not.
template <class Bus, class Wake>
unsigned wake_laggards(Sleepers& sleepers, const Bus& bus, Wake&& wake) {
  return sleepers.wake_if([&](unsigned worker) { return !bus.is_at_tail(worker); }, wake);
}

}  // namespace fanfare
