// tests/app/memory_budget_test.cc: the sum follows the limits, and cannot overflow.
#include "app/memory_budget.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/bytes.h"
#include "core/limits.h"

namespace fanfare {
namespace {

TEST(MemoryBudget, streams_are_bounded_by_settings_and_descriptors) {
  Settings settings;
  settings.workers = 4;
  EXPECT_EQ(memory_budget(settings, 20'000).streams, 4 * (20'000 - limits::descriptors_reserve));
  settings.engine = EngineChoice::epoll;
  EXPECT_EQ(memory_budget(settings, 20'000).streams, 20'000 - limits::descriptors_reserve);
  settings.streams_max = 5000;
  EXPECT_EQ(memory_budget(settings, 20'000).streams, 5000u);
  settings.streams_per_worker_max = 100;
  EXPECT_EQ(memory_budget(settings, 20'000).streams, 400u);
  EXPECT_EQ(memory_budget(settings, 0).streams, 0u);
}

TEST(MemoryBudget, more_history_is_more_memory_byte_for_byte) {
  Settings settings;
  const uint64_t before = memory_budget(settings, 1000).total();
  settings.history_total_bytes += 1_GiB;
  EXPECT_EQ(memory_budget(settings, 1000).total(), before + 1_GiB);
}

TEST(MemoryBudget, the_largest_settings_do_not_overflow) {
  Settings settings;
  settings.history_total_bytes = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(memory_budget(settings, 1000).total(), std::numeric_limits<uint64_t>::max());
}

TEST(MemoryBudget, is_shown_against_the_memory_there_is) {
  const std::string text = show_memory_budget(memory_budget({}, 1000), 2_GiB);
  EXPECT_NE(text.find("history"), std::string::npos);
  EXPECT_NE(text.find("2.0 GiB\n"), std::string::npos);
}

TEST(MemoryBudget, a_sum_over_the_memory_is_a_warning_with_a_cure) {
  testing::internal::CaptureStderr();
  log_memory_budget(memory_budget({}, 1000), 1_MiB);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("memory.budget"), std::string::npos) << text;
  EXPECT_NE(text.find("memory.may_run_out"), std::string::npos) << text;
  EXPECT_NE(text.find("--streams-max"), std::string::npos) << text;
}

}  // namespace
}  // namespace fanfare
