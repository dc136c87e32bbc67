// broker/bus.h: the ring that gives every event its number and shows it to every worker, in one
// order.
//
// Thread: claim and release by any worker; read and advance by each worker for itself; the gauges
// by any thread. Owned by: the server; made before the workers start, destroyed after they have
// ended. Never blocks, never waits. Limits: a power of two of slots, 1 to 64 workers, `bytes_max`
// of events not yet read by all; a claim is at most 4,096 slots. References: release() gives the
// bus one reference to each event, and the bus drops it when every worker has advanced past it; a
// worker that keeps an event takes its own between read() and advance().
//
// How one uses it. Publisher: claim -> write the number into the event -> release, slot by slot ->
// wake who sleeps (broker/sleepers.h). Worker: read -> work -> advance. Nothing slow stands between
// claim and release: a claimer that is descheduled there holds up everyone (unreleased() shows it).
//
// Why it is right. All operations that cross threads are seq_cst: there is one order S of them, and
// each thread finds its own in program order there. (Operations, not fences: TSan does not see
// fences.)
//   tail_      written by claimers, CAS from t to t + n. So ranges are disjoint and without a hole;
//              a refusal writes nothing, and so leaves none.
//   Slot       event and topic are written by the one claimer of the index, then `released` = index
//              + 1, which publishes them: a reader that sees index + 1 sees them and the event
//              behind them.
//   cursor     written by its worker, after it has done with what lies below: what it stores is the
//              promise never to look there again.
//   reclaimed_ below it all references are dropped. Written by the one thread that holds
//              `reclaiming_`, to a minimum of all cursors, after it has dropped them. A claim needs
//              t + n - reclaimed_ <= size. So no slot is written again before every worker has
//              passed it and its reference has been dropped.
// Exactly once: the range [reclaimed_, minimum) is dropped by the holder of `reclaiming_` only,
// which moves reclaimed_ before it lets go. Nobody waits for that lock: who finds it taken leaves.
// And no range is left: the holder computes the minimum anew after it has let go. A worker that
// leaves because the lock is taken stored its cursor before it looked at the lock; so the holder's
// last computation sees that cursor. A worker whose old cursor lay above reclaimed_ did not move
// the minimum, or it is another's turn: the one who moved the minimum up to that old cursor has not
// finished its last computation yet, and will see the new one. The model in tests/model checks all
// this, together with sleeping and waking.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "broker/event_number.h"
#include "broker/topic_hash.h"
#include "core/cache_line.h"
#include "core/check.h"

namespace fanfare {

// A place in the endless sequence of slots (the slot in memory is its remainder). Not an event's
// number: the ring will also take events that bring theirs along.
struct RingIndex {
  uint64_t value = 0;
  friend auto operator<=>(RingIndex, RingIndex) = default;
  RingIndex plus(uint32_t n) const { return {value + n}; }
};

// Today the two march together; 0 is the number before the first.
constexpr EventNumber number_of(RingIndex index) {
  return {index.value + 1};
}

struct BusOptions {
  uint32_t slots = 16384;
  uint64_t bytes_max = uint64_t{256} << 20;
  unsigned workers = 1;
  // Tests: called between claim and release, to play a claimer that is descheduled there.
  std::function<void(RingIndex first, uint32_t n)> after_claim = {};
};

constexpr uint32_t bus_claim_max = 4096;
constexpr unsigned bus_workers_max = 64;

// `Event` has `void unref() const` and `bytes() const`, the same at claim and for ever after.
template <class Event>
class BasicBus {
 public:
  struct Entry {
    EventNumber number;
    const Event* event = nullptr;  // lives until this worker advances past it
    TopicHash topic{};
  };

  explicit BasicBus(BusOptions options)
      : size_(options.slots),
        workers_(options.workers),
        bytes_max_(options.bytes_max),
        after_claim_(std::move(options.after_claim)),
        slots_(std::make_unique<Slot[]>(options.slots)) {
    CHECK(std::has_single_bit(size_));
    CHECK_LE(1u, workers_);
    CHECK_LE(workers_, bus_workers_max);
  }
  ~BasicBus();
  BasicBus(const BasicBus&) = delete;
  BasicBus& operator=(const BasicBus&) = delete;

  // --- Publishers ---

  // The first of `n` consecutive slots, each of which must then be released; nothing if the ring
  // has no room or `bytes` (the sum over the events) would pass the limit. A refusal changes
  // nothing; the caller wakes who is behind (wake_laggards) and tries later. An empty bus takes any
  // bytes, so that no event is refused for ever.
  std::optional<RingIndex> claim(uint32_t n, uint64_t bytes);

  // Shows the event to all; takes over one reference.
  void release(RingIndex index, const Event* event, TopicHash topic);

  // --- Workers, each for itself ---

  // The released events after the worker's cursor, in order, as many as `out` holds or as there are
  // before one that is not released yet.
  std::size_t read(unsigned worker, std::span<Entry> out) const;

  // The worker is done with all events up to and including `last`, which it has read.
  void advance(unsigned worker, EventNumber last);

  bool has_next(unsigned worker) const { return is_released(cursors_[worker].next.load()); }
  // Everything claimed is read. A worker that sleeps while this is false must be woken by any
  // release (sleepers.h).
  bool is_at_tail(unsigned worker) const { return cursors_[worker].next.load() == tail_.load(); }

  // --- Any thread ---

  // The newest number given away, released or not: the position now.
  EventNumber tail() const { return {tail_.load()}; }
  // The newest number the worker has advanced past.
  EventNumber position(unsigned worker) const { return {cursors_[worker].next.load()}; }
  // The worker holds a quarter of the ring, or is behind while a quarter of the bytes is taken.
  bool is_lagging(unsigned worker) const;

  uint32_t slots() const { return size_; }
  unsigned workers() const { return workers_; }
  uint64_t bytes() const { return bytes_.load(); }
  uint64_t bytes_max() const { return bytes_max_; }
  // Slots that a claim cannot have yet.
  uint64_t used_slots() const;

  // For a gauge: how far the tail is ahead of the oldest claimed slot that is not released (0:
  // none), and its number: if two looks find the same number, a claimer has stood still for the
  // time between them.
  struct Unreleased {
    uint64_t distance = 0;
    EventNumber oldest;
  };
  Unreleased unreleased() const;

 private:
  struct Slot {
    std::atomic<uint64_t> released{0};  // index + 1 of what it holds
    std::atomic<const Event*> event{nullptr};
    std::atomic<TopicHash> topic{};
  };
  static_assert(std::atomic<TopicHash>::is_always_lock_free);
  static_assert(sizeof(Slot) == 24);

  struct alignas(cache_line_bytes) Cursor {
    std::atomic<uint64_t> next{0};  // index of the first slot not read
  };
  static_assert(sizeof(Cursor) == cache_line_bytes);

  Slot& slot(uint64_t index) const { return slots_[index & (size_ - 1)]; }
  bool is_released(uint64_t index) const { return slot(index).released.load() == index + 1; }
  uint64_t slowest() const;
  bool take_bytes(uint64_t bytes);
  void reclaim(uint64_t passed);
  void drop(uint64_t from, uint64_t to);

  // Fixed after construction.
  const uint32_t size_;
  const unsigned workers_;
  const uint64_t bytes_max_;
  const std::function<void(RingIndex, uint32_t)> after_claim_;
  const std::unique_ptr<Slot[]> slots_;

  // Shared: see above for who writes what.
  alignas(cache_line_bytes) std::atomic<uint64_t> tail_{0};
  alignas(cache_line_bytes) std::atomic<uint64_t> reclaimed_{0};
  std::atomic<bool> reclaiming_{false};
  alignas(cache_line_bytes) std::atomic<uint64_t> bytes_{0};
  std::array<Cursor, bus_workers_max> cursors_;
  static_assert(sizeof(cursors_) == std::size_t{bus_workers_max} * cache_line_bytes);
};

class Event;
using Bus = BasicBus<Event>;
using BusEntry = Bus::Entry;

// ------------------------------------------------------------

template <class Event>
BasicBus<Event>::~BasicBus() {
  const uint64_t tail = tail_.load();
  for (uint64_t index = reclaimed_.load(); index != tail; ++index) {
    if (is_released(index)) slot(index).event.load()->unref();
  }
}

template <class Event>
std::optional<RingIndex> BasicBus<Event>::claim(uint32_t n, uint64_t bytes) {
  CHECK_LE(1u, n);
  CHECK_LE(n, std::min(bus_claim_max, size_));
  if (!take_bytes(bytes)) return std::nullopt;
  uint64_t tail = tail_.load();
  do {
    // reclaimed_ may have passed this `tail` by now, if it is old: then the CAS fails.
    if (tail + n > reclaimed_.load() + size_) {
      bytes_.fetch_sub(bytes);
      return std::nullopt;
    }
  } while (!tail_.compare_exchange_weak(tail, tail + n));
  if (after_claim_) after_claim_(RingIndex{tail}, n);
  return RingIndex{tail};
}

template <class Event>
bool BasicBus<Event>::take_bytes(uint64_t bytes) {
  uint64_t taken = bytes_.load();
  do {
    if (taken != 0 && taken + bytes > bytes_max_) return false;
  } while (!bytes_.compare_exchange_weak(taken, taken + bytes));
  return true;
}

template <class Event>
void BasicBus<Event>::release(RingIndex index, const Event* event, TopicHash topic) {
  CHECK(event != nullptr);
  Slot& mine = slot(index.value);
  // What it showed a lap ago; else the slot was released twice, or is not the caller's.
  const uint64_t lap_ago = index.value < size_ ? 0 : index.value + 1 - size_;
  CHECK_EQ(mine.released.load(std::memory_order_relaxed), lap_ago);
  mine.event.store(event, std::memory_order_relaxed);
  mine.topic.store(topic, std::memory_order_relaxed);
  mine.released.store(index.value + 1);
}

template <class Event>
std::size_t BasicBus<Event>::read(unsigned worker, std::span<Entry> out) const {
  uint64_t index = cursors_[worker].next.load(std::memory_order_relaxed);
  std::size_t n = 0;
  for (; n < out.size() && is_released(index); ++n, ++index) {
    const Slot& from = slot(index);
    out[n] = {number_of(RingIndex{index}), from.event.load(std::memory_order_relaxed),
              from.topic.load(std::memory_order_relaxed)};
  }
  return n;
}

template <class Event>
void BasicBus<Event>::advance(unsigned worker, EventNumber last) {
  std::atomic<uint64_t>& next = cursors_[worker].next;
  const uint64_t passed = next.load(std::memory_order_relaxed);
  const uint64_t to = last.value;  // the index after the one numbered `last`
  if (to == passed) return;
  CHECK_LT(passed, to);
  CHECK(is_released(to - 1));
  next.store(to);
  reclaim(passed);
}

template <class Event>
uint64_t BasicBus<Event>::slowest() const {
  uint64_t least = cursors_[0].next.load();
  for (unsigned i = 1; i < workers_; ++i) least = std::min(least, cursors_[i].next.load());
  return least;
}

template <class Event>
void BasicBus<Event>::reclaim(uint64_t passed) {
  if (passed > reclaimed_.load()) return;
  while (slowest() > reclaimed_.load()) {
    if (reclaiming_.exchange(true)) return;
    const uint64_t from = reclaimed_.load();
    const uint64_t to = slowest();
    drop(from, to);
    reclaimed_.store(to);
    reclaiming_.store(false);
  }
}

template <class Event>
void BasicBus<Event>::drop(uint64_t from, uint64_t to) {
  uint64_t freed = 0;
  for (uint64_t index = from; index != to; ++index) {
    const Event* const event = slot(index).event.load(std::memory_order_relaxed);
    freed += event->bytes();
    event->unref();
  }
  const uint64_t before = bytes_.fetch_sub(freed);
  CHECK_LE(freed, before);
}

template <class Event>
bool BasicBus<Event>::is_lagging(unsigned worker) const {
  const uint64_t from = cursors_[worker].next.load();  // before the tail: it never passes it
  const uint64_t behind = tail_.load() - from;
  return behind >= size_ / 4 || (behind != 0 && bytes_.load() >= bytes_max_ / 4);
}

template <class Event>
uint64_t BasicBus<Event>::used_slots() const {
  const uint64_t from = reclaimed_.load();  // before the tail: it never passes it
  return tail_.load() - from;
}

template <class Event>
auto BasicBus<Event>::unreleased() const -> Unreleased {
  uint64_t index = 0;  // all below the furthest cursor is released
  for (unsigned i = 0; i < workers_; ++i) index = std::max(index, cursors_[i].next.load());
  const uint64_t tail = tail_.load();
  // A slot of a later lap was released in this one.
  while (index < tail && slot(index).released.load() >= index + 1) ++index;
  if (index >= tail) return {};
  return {tail - index, number_of(RingIndex{index})};
}

}  // namespace fanfare
