// bench/suite/board.cc: anonymous shared memory.
#include "bench/suite/board.h"

#include <sys/mman.h>

#include <new>

#include "core/check.h"

namespace fanfare::bench {
namespace {

template <class T>
std::span<T> share(std::size_t count) {
  void* const at = mmap(nullptr, count * sizeof(T) + 1, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(at != MAP_FAILED);
  auto* const first = static_cast<T*>(at);
  for (std::size_t i = 0; i < count; ++i) new (first + i) T();
  return {first, count};
}

}  // namespace

Board::Board(const Plan& plan, std::size_t parts)
    : orders_(share<OrderBoard>(1).data()),
      parts_(share<PartTally>(parts)),
      completions_(share<Completions>(plan.groups.size())) {
  for (const Group& group : plan.groups) {
    published_.push_back(share<uint32_t>(std::size_t{group.topics} * group.sources()).data());
  }
}

void Board::give(Order order, uint32_t stage, double rate_scale) {
  orders_->stage.store(stage, std::memory_order_relaxed);
  orders_->rate_scale.store(rate_scale, std::memory_order_relaxed);
  orders_->began_ns.store(monotonic_now().time_since_epoch().count(), std::memory_order_relaxed);
  orders_->order.store(order, std::memory_order_relaxed);
  orders_->serial.fetch_add(1, std::memory_order_release);
}

uint64_t Board::sum(Counter PartTally::*counter) {
  uint64_t all = 0;
  for (const PartTally& part : parts_) all += read(part.*counter);
  return all;
}

}  // namespace fanfare::bench
