// tests/app/check_test.cc: what `fanfare check` prints, and that it never prints a secret.
#include "app/check.h"

#include <gtest/gtest.h>

#include "tests/app/temporary_file.h"

namespace fanfare {
namespace {

LoadedSettings loaded_from(const TemporaryFile& file) {
  auto loaded = load_settings({{{"drain", {"3s"}}}, {"FANFARE_LOG=json"}, file.path()});
  EXPECT_TRUE(loaded.has_value()) << loaded.error();
  return *loaded;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Check, shows_each_setting_with_its_origin_and_no_secret) {
  const TemporaryFile secret("very-secret");
  const TemporaryFile file("workers = 3\n[[key]]\nname = \"shop\"\nsecret_file = \"" +
                           secret.path() + "\"\npublish = [\"orders/*\"]\n");
  const std::string text = show_settings(loaded_from(file));
  EXPECT_TRUE(
      has(text, "workers                  3                            " + file.path() + ":1"));
  EXPECT_TRUE(has(text, "log                      json                         FANFARE_LOG"));
  EXPECT_TRUE(has(text, "drain                    3s                           --drain"));
  EXPECT_TRUE(has(text, "retry                    2s                           default"));
  EXPECT_TRUE(has(text, "key shop (secret in " + secret.path() + ")\n  publish    orders/*"));
  EXPECT_FALSE(has(text, "very-secret"));
}

TEST(Check, says_which_policy_applies_to_a_topic) {
  const TemporaryFile file("[[topic]]\nmatch = \"gen/**\"\nretain = 4\n");
  const auto loaded = loaded_from(file);
  const auto gen = show_topic_policy(loaded, "gen/1");
  ASSERT_TRUE(gen.has_value());
  EXPECT_TRUE(gen->starts_with("gen/1: [[topic]] match = \"gen/**\"\n")) << *gen;
  EXPECT_TRUE(has(*gen, "retain           4\n"));
  EXPECT_TRUE(show_topic_policy(loaded, "other")->starts_with("other: the defaults"));
  EXPECT_TRUE(show_topic_policy(loaded, "").error().starts_with("--topic: empty topic"));
}

TEST(Check, exits_with_2_when_something_is_wrong) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_check({{{"workers", {"x"}}}, {}, {}}, {}), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "fanfare check: --workers: 'x' is not a whole number\n");
}

}  // namespace
}  // namespace fanfare
