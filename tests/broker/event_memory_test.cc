// tests/broker/event_memory_test.cc: what is handed out again, and what is not.
#include "broker/event_memory.h"

#include <cstring>
#include <set>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

constexpr std::size_t plenty = 1 << 20;

// A block is ours to write from its first byte to its last.
void* taken(EventMemory& memory, std::size_t bytes) {
  void* const block = memory.take(bytes);
  std::memset(block, 0x5a, bytes);
  return block;
}

TEST(EventMemory, HandsOutFirstWhatCameLast) {
  EventMemory memory(plenty);
  void* const one = taken(memory, 300);
  void* const other = taken(memory, 300);
  memory.give_back(one, 300);
  memory.give_back(other, 300);
  EXPECT_EQ(taken(memory, 300), other);
  EXPECT_EQ(taken(memory, 300), one);
  memory.give_back(one, 300);
  memory.give_back(other, 300);
}

TEST(EventMemory, ServesASizeOfTheSameStepOnly) {
  EventMemory memory(plenty);
  void* const block = taken(memory, 257);  // five steps: 257 to 320 bytes
  memory.give_back(block, 257);
  void* const smaller = taken(memory, 256);
  void* const larger = taken(memory, 321);
  EXPECT_NE(smaller, block);
  EXPECT_NE(larger, block);
  void* const same = taken(memory, 320);
  EXPECT_EQ(same, block);
  memory.give_back(smaller, 256);
  memory.give_back(larger, 321);
  memory.give_back(same, 320);
}

TEST(EventMemory, HoldsBackNoMoreOfASizeThanItMay) {
  EventMemory memory(2 * 320);
  std::set<void*> blocks;
  for (int i = 0; i < 3; ++i) blocks.insert(taken(memory, 300));
  ASSERT_EQ(blocks.size(), 3u);
  void* const third = *blocks.rbegin();
  for (void* const block : blocks) memory.give_back(block, 300);  // the third goes for good
  std::set<void*> again;
  for (int i = 0; i < 2; ++i) again.insert(taken(memory, 300));
  EXPECT_EQ(again.count(third), 0u);
  for (void* const block : again) memory.give_back(block, 300);
}

TEST(EventMemory, LeavesLargeOnesToTheAllocator) {
  EventMemory memory(plenty);
  for (const std::size_t bytes : {std::size_t{1024}, std::size_t{1025}, std::size_t{100'000}}) {
    memory.give_back(taken(memory, bytes), bytes);
  }
}

TEST(EventMemory, GivesBackWhatItHoldsWhenItEnds) {  // a leak checker sees the difference
  EventMemory memory(plenty);
  for (const std::size_t bytes : {1U, 64U, 65U, 640U, 1024U})
    memory.give_back(taken(memory, bytes), bytes);
}

TEST(EventMemory, TakesWhatAnotherThreadsHasHandedOut) {
  EventMemory maker(plenty), dropper(plenty);
  void* const block = taken(maker, 500);
  dropper.give_back(block, 500);
  EXPECT_EQ(taken(dropper, 500), block);
  dropper.give_back(block, 500);
}

}  // namespace
}  // namespace fanfare
