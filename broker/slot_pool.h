// broker/slot_pool.h: which places of an engine's table are free, and which are offered to the
// kernel for new connections.
//
// Thread: its worker's.   Owned by: Worker.
// The lowest places are used first, so that tables stay dense. A few are kept back for connections
// that other workers hand over.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "broker/stream.h"
#include "net/engine.h"

namespace fanfare {

class SlotPool {
 public:
  SlotPool(StreamTable& table, uint32_t capacity) : table_(table), capacity_(capacity) {}

  // Offers places until enough are offered. Nothing free: nothing is accepted, and clients wait in
  // the kernel's queue.
  void offer_to(Engine& engine) {
    while (offered_ < offered_max && in_use_ + kept_back < capacity_) {
      engine.offer(*take(SlotUse::offered));
      ++offered_;
    }
  }
  // An offered place was used.
  void on_accepted() { --offered_; }

  // A place with a new generation; nothing if all are in use.
  std::optional<Slot> take(SlotUse use) {
    if (in_use_ == capacity_) return std::nullopt;
    ++in_use_;
    uint32_t index = unused_;
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
    } else {
      ++unused_;
    }
    Stream fresh;
    fresh.generation = table_[index].generation + 1;
    fresh.use = use;
    table_[index] = fresh;
    return Slot{index, fresh.generation};
  }
  void give_back(uint32_t index) {
    CHECK(table_[index].use != SlotUse::vacant);
    table_[index].use = SlotUse::vacant;
    free_.push_back(index);
    --in_use_;
  }

  uint32_t capacity() const { return capacity_; }
  // What may be streams; the rest answers refusals and publishers.
  uint32_t streams_max() const { return capacity_ - std::min(capacity_ / 8, 256u) - offered_max; }

 private:
  static constexpr uint32_t offered_max = 16;
  static constexpr uint32_t kept_back = 16;

  StreamTable& table_;
  const uint32_t capacity_;
  uint32_t unused_ = 0;
  uint32_t in_use_ = 0;
  uint32_t offered_ = 0;
  std::vector<uint32_t> free_;
};

}  // namespace fanfare
