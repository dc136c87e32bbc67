// broker/id_list.h: a list of small numbers (slots, feeds) that almost always holds one: 16 bytes,
// and no allocation until the second.
//
// Thread: its owner's. A number's place stays its own until remove_at() moves the last one into a
// hole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "core/check.h"

namespace fanfare {

class IdList {
 public:
  IdList() = default;
  IdList(IdList&& other) noexcept { swap(other); }
  IdList& operator=(IdList&& other) noexcept {
    IdList taken(std::move(other));
    swap(taken);
    return *this;
  }
  IdList(const IdList&) = delete;
  IdList& operator=(const IdList&) = delete;
  ~IdList() {
    if (capacity_ != 0) delete[] many_;
  }

  bool empty() const { return count_ == 0; }
  uint32_t size() const { return count_; }
  std::span<const uint32_t> ids() const { return {capacity_ == 0 ? &one_ : many_, count_}; }
  uint32_t operator[](uint32_t place) const { return capacity_ == 0 ? one_ : many_[place]; }
  std::size_t heap_bytes() const { return capacity_ * sizeof(uint32_t); }

  // At the end.
  void add(uint32_t id) {
    if (count_ == room()) grow();
    data()[count_++] = id;
  }

  // The last one takes its place.
  void remove_at(uint32_t place) {
    CHECK_LT(place, count_);
    uint32_t* const all = data();
    all[place] = all[--count_];
  }

  // `id` is in it. Scans from the end: what came last goes first.
  void remove(uint32_t id) {
    uint32_t place = count_;
    do {
      CHECK_NE(place, 0U);
    } while (data()[--place] != id);
    remove_at(place);
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

  void swap(IdList& other) noexcept {
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

static_assert(sizeof(IdList) == 16);

}  // namespace fanfare
