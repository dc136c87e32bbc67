// broker/event_memory.h: the memory of small events: from those that history drops to those that
// are made next.
//
// What was given back last is handed out first. History has just looked at it, so it is in the
// cache; memory that comes round in a general allocator's order is not, and an event is written
// into it line by line. (A publish without readers costs 0.94 of what it does without this.)
//
// Thread: one. An event may be dropped by another thread than made it: its memory then serves that
// one.   Owned by: a thread (of_this_thread).
#pragma once

#include <array>
#include <cstddef>

namespace fanfare {

class EventMemory {
 public:
  static constexpr std::size_t small_bytes_max = 1024;  // larger ones go to the allocator
  static constexpr std::size_t step_bytes = 64;         // sizes are rounded up to whole steps

  // Holds back at most so many bytes of each of the 16 sizes.
  explicit EventMemory(std::size_t held_bytes_max) : held_bytes_max_(held_bytes_max) {}
  ~EventMemory();
  EventMemory(const EventMemory&) = delete;
  EventMemory& operator=(const EventMemory&) = delete;

  static EventMemory& of_this_thread();

  // What so many bytes take.
  static constexpr std::size_t rounded(std::size_t bytes) {
    return bytes > small_bytes_max ? bytes : (bytes + step_bytes - 1) / step_bytes * step_bytes;
  }

  void* take(std::size_t bytes);
  // `bytes` as it was taken, of this or another thread's.
  void give_back(void* memory, std::size_t bytes);

 private:
  struct Free {
    Free* next;
  };
  struct Size {
    Free* last = nullptr;  // given back
    std::size_t held_bytes = 0;
  };

  const std::size_t held_bytes_max_;
  std::array<Size, small_bytes_max / step_bytes + 1> sizes_{};  // by steps; none of 0
};

}  // namespace fanfare
