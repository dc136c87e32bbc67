// core/timer_wheel.h: one coarse lazy timer for each slot of a table.
//
// Thread: its owner's.   Owned by: a worker.
// Ticks are 250 ms. A timer never fires early, and up to one tick late. Lazy: what moves a deadline
// out (a write puts the next heartbeat off) does not touch the wheel; the entry fires, its owner
// looks, and schedules again. Memory: 12 bytes a slot, in chunks of 1,024 slots made when the first
// of them is scheduled; the wheel has one ring of 1,024 buckets (256 s), and what is due later goes
// round again (a look every 256 s, for hours).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/time.h"

namespace fanfare {

class TimerWheel {
 public:
  static constexpr Duration tick = std::chrono::milliseconds(250);

  // `start`: no later than any time told afterwards.
  explicit TimerWheel(Instant start) : start_(start) { heads_.fill(none); }
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Sets the slot's timer, in place of the one it may have. What is due in the past fires at the
  // next tick. Slots are below 2^31; beyond 17 years the time is cut.
  void schedule(uint32_t slot, Instant due) {
    CHECK_LT(slot, bucket_mark);
    cancel(slot);
    Entry& entry = touch(slot);
    entry.due = tick_not_before(due);
    link(slot, entry);
    ++scheduled_;
  }

  // Nothing happens if there is none.
  void cancel(uint32_t slot) {
    Entry* const entry = find(slot);
    if (entry == nullptr || entry->previous == none) return;
    unlink(*entry);
    --scheduled_;
  }

  bool is_scheduled(uint32_t slot) const {
    const Entry* const entry = find(slot);
    return entry != nullptr && entry->previous != none;
  }
  std::size_t scheduled() const { return scheduled_; }

  // Calls fn(slot) for what is due, each removed before its call, which may schedule and cancel any
  // slot. Looks at no more than `most` entries: the rest comes with the next call (next_due() is
  // then not after `now`).
  template <class Fn>
  std::size_t expire(Instant now, Fn&& fn, std::size_t most) {
    const uint64_t now_tick = now < start_ ? 0 : static_cast<uint64_t>((now - start_) / tick);
    std::size_t fired = 0;
    while (true) {
      while (heads_[bucket_of(at_)] != none) {
        if (most-- == 0) return fired;
        const uint32_t slot = heads_[bucket_of(at_)];
        Entry& entry = touch(slot);
        unlink(entry);
        if (entry.due > at_) {
          link(slot, entry);  // goes round again
          continue;
        }
        --scheduled_;
        ++fired;
        fn(slot);
      }
      if (at_ >= now_tick) return fired;
      at_ += std::min(now_tick - at_, distance_to_work());
    }
  }

  // Nothing fires before this; `never` if nothing is scheduled. May be early, never late.
  Instant next_due() const {
    if (scheduled_ == 0) return never;
    const uint64_t ahead = heads_[bucket_of(at_)] != none ? 0 : distance_to_work();
    return start_ + tick * static_cast<int64_t>(at_ + ahead);
  }

 private:
  static constexpr uint32_t buckets = 1024;
  static constexpr uint32_t chunk_slots = 1024;
  static constexpr uint32_t none = 0xffffffff;
  static constexpr uint32_t bucket_mark =
      0x80000000;  // in `previous`: the entry is the first of this bucket
  static constexpr uint64_t ticks_max = 0x7fffffff;

  struct Entry {
    uint32_t due = 0;  // tick
    uint32_t next = none;
    uint32_t previous = none;  // none: not in the wheel
  };
  static_assert(sizeof(Entry) == 12);

  static std::size_t bucket_of(uint64_t at) { return at % buckets; }

  uint32_t tick_not_before(Instant due) const {
    if (due <= start_) return 0;
    const auto ticks = static_cast<uint64_t>((due - start_) / tick);
    const bool exact = start_ + tick * static_cast<int64_t>(ticks) == due;
    return static_cast<uint32_t>(std::min(exact ? ticks : ticks + 1, ticks_max));
  }

  // The bucket that at_ stands on is being emptied: nothing new goes there.
  void link(uint32_t slot, Entry& entry) {
    const uint64_t bucket = bucket_of(std::clamp<uint64_t>(entry.due, at_ + 1, at_ + buckets - 1));
    uint32_t& head = heads_[bucket];
    entry.next = head;
    entry.previous = bucket_mark | static_cast<uint32_t>(bucket);
    if (head != none) touch(head).previous = slot;
    head = slot;
    occupied_[bucket / 64] |= uint64_t{1} << (bucket % 64);
  }

  void unlink(Entry& entry) {
    if (entry.next != none) touch(entry.next).previous = entry.previous;
    if ((entry.previous & bucket_mark) == 0) {
      touch(entry.previous).next = entry.next;
    } else {
      const uint32_t bucket = entry.previous & ~bucket_mark;
      heads_[bucket] = entry.next;
      if (entry.next == none) occupied_[bucket / 64] &= ~(uint64_t{1} << (bucket % 64));
    }
    entry.previous = none;
  }

  // Ticks from at_ to the next bucket that holds something; a whole round if none does.
  uint64_t distance_to_work() const {
    const std::size_t from = bucket_of(at_ + 1);
    for (std::size_t step = 0; step <= occupied_.size(); ++step) {
      const std::size_t word = (from / 64 + step) % occupied_.size();
      uint64_t bits = occupied_[word];
      if (step == 0) bits &= ~uint64_t{0} << (from % 64);
      if (bits == 0) continue;
      const std::size_t bucket = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      return 1 + (bucket + buckets - from) % buckets;
    }
    return buckets;
  }

  const Entry* find(uint32_t slot) const {
    const std::size_t chunk = slot / chunk_slots;
    if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) return nullptr;
    return &chunks_[chunk][slot % chunk_slots];
  }
  Entry* find(uint32_t slot) { return const_cast<Entry*>(std::as_const(*this).find(slot)); }
  Entry& touch(uint32_t slot) {
    const std::size_t chunk = slot / chunk_slots;
    if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
    if (chunks_[chunk] == nullptr) chunks_[chunk] = std::make_unique<Entry[]>(chunk_slots);
    return chunks_[chunk][slot % chunk_slots];
  }

  const Instant start_;
  uint64_t at_ = 0;  // all ticks before it are done; its own bucket may have been left half way
  std::size_t scheduled_ = 0;
  std::array<uint32_t, buckets> heads_;
  std::array<uint64_t, buckets / 64> occupied_{};
  std::vector<std::unique_ptr<Entry[]>> chunks_;
};

}  // namespace fanfare
