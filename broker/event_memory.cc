// broker/event_memory.cc: a list of free blocks for each size, linked through the blocks.
#include "broker/event_memory.h"

#include <new>

#include "core/limits.h"

namespace fanfare {
namespace {

// More than the events of a turn, mostly; at most 1 MiB for all sizes of a thread. A sanitizer is
// to see each event's memory come and go.
#ifdef FANFARE_SANITIZED
constexpr std::size_t held_bytes_max = 0;
#else
constexpr std::size_t held_bytes_max = 64_KiB;
#endif

}  // namespace

EventMemory& EventMemory::of_this_thread() {
  thread_local EventMemory memory(held_bytes_max);
  return memory;
}

EventMemory::~EventMemory() {
  for (Size& size : sizes_) {
    while (Free* const block = size.last) {
      size.last = block->next;
      ::operator delete(block);
    }
  }
}

void* EventMemory::take(std::size_t bytes) {
  const std::size_t whole = rounded(bytes);
  if (whole > small_bytes_max) return ::operator new(whole);
  Size& size = sizes_[whole / step_bytes];
  Free* const block = size.last;
  if (block == nullptr) return ::operator new(whole);
  size.last = block->next;
  size.held_bytes -= whole;
  return block;
}

void EventMemory::give_back(void* memory, std::size_t bytes) {
  const std::size_t whole = rounded(bytes);
  if (whole <= small_bytes_max) {
    Size& size = sizes_[whole / step_bytes];
    if (size.held_bytes + whole <= held_bytes_max_) {
      size.last = ::new (memory) Free{size.last};
      size.held_bytes += whole;
      return;
    }
  }
  ::operator delete(memory);
}

}  // namespace fanfare
