// tests/net/text_arena_test.cc: what was taken stays in place; what was used once is used again.
#include "net/text_arena.h"

#include <gtest/gtest.h>

#include <string>

namespace fanfare {
namespace {

TEST(TextArena, what_is_kept_stays_where_it_is) {
  TextArena arena;
  std::vector<std::string_view> kept;
  for (int i = 0; i < 10'000; ++i) kept.push_back(arena.keep("text number " + std::to_string(i)));
  for (std::size_t i = 0; i < kept.size(); ++i)
    EXPECT_EQ(kept[i], "text number " + std::to_string(i));
}

TEST(TextArena, a_small_round_takes_no_new_memory) {
  TextArena arena;
  arena.keep("x");
  const std::size_t bytes = arena.memory_bytes();
  for (int i = 0; i < 100; ++i) {
    arena.clear();
    arena.take(bytes);
    EXPECT_EQ(arena.memory_bytes(), bytes);
  }
}

TEST(TextArena, a_large_round_is_given_back) {
  TextArena arena;
  arena.take(10'000'000);
  arena.clear();
  EXPECT_EQ(arena.memory_bytes(), 0U);
}

TEST(TextArena, arrays_of_views_are_aligned_and_empty) {
  TextArena arena;
  arena.take(3);
  std::string_view* const views = arena.take_views(4);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(views) % alignof(std::string_view), 0U);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(views[i].empty());
}

}  // namespace
}  // namespace fanfare
