// tests/app/nearest_test.cc: a slip is recognised, a different word is not.
#include "app/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace fanfare {
namespace {

const std::array<std::string, 4> known = {"listen", "history-age", "history-bytes", "log"};

TEST(NearestName, finds_what_was_meant) {
  EXPECT_EQ(nearest_name("lisetn", known), "listen");
  EXPECT_EQ(nearest_name("histroy-age", known), "history-age");
  EXPECT_EQ(nearest_name("historyage", known), "history-age");
}

TEST(NearestName, is_silent_when_nothing_is_near) {
  EXPECT_EQ(nearest_name("completely-other", known), "");
  EXPECT_EQ(did_you_mean("jwt-secret", known), "");
  EXPECT_EQ(nearest_name(std::string(10'000, '-'), known), "");
  EXPECT_EQ(nearest_name("", known), "");
}

TEST(NearestName, becomes_a_question) {
  EXPECT_EQ(did_you_mean("listn", known, "--"), " (did you mean --listen?)");
}

}  // namespace
}  // namespace fanfare
