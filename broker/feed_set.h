// broker/feed_set.h: the feeds that want one name: almost always one, so 16 bytes and no allocation
// until the second.
//
// Thread: its worker's.   Owned by: InterestIndex. Unordered; adding is O(1), removing scans (4
// bytes a feed).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "core/check.h"

namespace fanfare {

class FeedSet {
 public:
  FeedSet() = default;
  FeedSet(FeedSet&& other) noexcept { swap(other); }
  FeedSet& operator=(FeedSet&& other) noexcept {
    FeedSet taken(std::move(other));
    swap(taken);
    return *this;
  }
  FeedSet(const FeedSet&) = delete;
  FeedSet& operator=(const FeedSet&) = delete;
  ~FeedSet() {
    if (capacity_ != 0) delete[] many_;
  }

  bool empty() const { return count_ == 0; }
  std::span<const uint32_t> feeds() const { return {capacity_ == 0 ? &one_ : many_, count_}; }
  std::size_t heap_bytes() const { return capacity_ * sizeof(uint32_t); }

  // `feed` is not in it yet.
  void add(uint32_t feed) {
    if (count_ == room()) grow();
    data()[count_++] = feed;
  }

  // `feed` is in it. The search begins at the end: feeds that came last go first.
  void remove(uint32_t feed) {
    uint32_t* const all = data();
    std::size_t at = count_;
    do {
      CHECK_NE(at, 0U);
    } while (all[--at] != feed);
    all[at] = all[--count_];
  }

 private:
  uint32_t room() const { return capacity_ == 0 ? 1 : capacity_; }
  uint32_t* data() { return capacity_ == 0 ? &one_ : many_; }

  void grow() {
    const uint32_t capacity = room() * 2;
    auto* const bigger = new uint32_t[capacity];
    std::memcpy(bigger, data(), count_ * sizeof(uint32_t));
    if (capacity_ != 0) delete[] many_;
    many_ = bigger;
    capacity_ = capacity;
  }

  void swap(FeedSet& other) noexcept {
    std::swap(count_, other.count_);
    std::swap(capacity_, other.capacity_);
    std::swap(many_, other.many_);  // the wider member: carries one_ along
  }

  uint32_t count_ = 0;
  uint32_t capacity_ = 0;  // 0: in one_
  union {
    uint32_t* many_ = nullptr;
    uint32_t one_;
  };
};

static_assert(sizeof(FeedSet) == 16);

}  // namespace fanfare
