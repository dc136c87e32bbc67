// tests/broker/pattern_test.cc: what patterns match and cover. The oracle for `covers` is matching,
// tried on many names.
#include "broker/pattern.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "broker/topic.h"

namespace fanfare {
namespace {

TEST(Pattern, a_star_is_one_segment_that_is_not_empty) {
  EXPECT_TRUE(pattern_matches("orders/*", "orders/42"));
  EXPECT_FALSE(pattern_matches("orders/*", "orders/"));
  EXPECT_FALSE(pattern_matches("orders/*", "orders"));
  EXPECT_FALSE(pattern_matches("orders/*", "orders/42/x"));
  EXPECT_TRUE(pattern_matches("*/42", "orders/42"));
  EXPECT_TRUE(pattern_matches("a/*/c", "a/b/c"));
  EXPECT_TRUE(pattern_matches("*", "a*b"));
}

TEST(Pattern, two_stars_are_one_or_more_segments) {
  EXPECT_FALSE(pattern_matches("orders/**", "orders"));
  EXPECT_TRUE(pattern_matches("orders/**", "orders/"));
  EXPECT_TRUE(pattern_matches("orders/**", "orders/1"));
  EXPECT_TRUE(pattern_matches("orders/**", "orders/1/2/3"));
  EXPECT_FALSE(pattern_matches("orders/**", "order/1"));
  EXPECT_TRUE(pattern_matches("**", "a"));
  EXPECT_TRUE(pattern_matches("**", "https://example.com/1"));
  EXPECT_TRUE(pattern_matches("a/*/**", "a/b/c/d"));
  EXPECT_FALSE(pattern_matches("a/*/**", "a/b"));
}

TEST(Pattern, a_first_wildcard_passes_the_brokers_own_names_by) {
  EXPECT_FALSE(pattern_matches("**", "$stats"));
  EXPECT_FALSE(pattern_matches("*", "$stats"));
  EXPECT_FALSE(pattern_matches("*/1", "$inbox/1"));
  EXPECT_TRUE(pattern_matches("$inbox/*", "$inbox/1"));
  EXPECT_TRUE(pattern_matches("a/*", "a/$b"));
}

TEST(Pattern, malformed_ones_say_why) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a*b", "'*' beside other characters"},
      {"a/b*", "'*' beside other characters"},
      {"***", "'*' beside other characters"},
      {"**/a", "'**' stands only as the last segment"},
      {"a/**/b", "'**' stands only as the last segment"},
      {"*/..", "a segment '.' or '..'"},
      {"a/..", "a segment '..'"},
      {"", "empty topic"},
      {"*\n", "U+000A"},
  };
  for (const auto& [text, part] : cases) {
    const auto pattern = Pattern::parse(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_EQ(pattern.fault().status, 400);
    EXPECT_NE(pattern.fault().detail.find(part), std::string::npos) << pattern.fault().detail;
  }
  for (const auto* good : {"*", "**", "a/*", "*/*/**", "a", "$inbox/*", "https://x/**"}) {
    EXPECT_TRUE(Pattern::parse(good)) << good;
  }
}

TEST(Pattern, covers_by_example) {
  EXPECT_TRUE(pattern_covers("**", "orders/*"));
  EXPECT_TRUE(pattern_covers("orders/**", "orders/**"));
  EXPECT_TRUE(pattern_covers("orders/*", "orders/42"));
  EXPECT_TRUE(pattern_covers("orders/**", "orders/*/items/**"));
  EXPECT_FALSE(pattern_covers("orders/*", "orders/**"));
  EXPECT_FALSE(pattern_covers("orders/*/**", "orders/**"));
  EXPECT_FALSE(pattern_covers("orders/42", "orders/*"));
  EXPECT_FALSE(pattern_covers("orders/*", "orders/"));
  EXPECT_FALSE(pattern_covers("**", "$inbox/1"));
  EXPECT_FALSE(pattern_covers("*/*", "$inbox/*"));
  EXPECT_TRUE(pattern_covers("$inbox/**", "$inbox/*"));
}

class Names {
 public:
  explicit Names(uint64_t seed) : random_(seed) {}
  std::string pattern() { return join({"a", "b", "", "$x", "*", "*"}, "**"); }

 private:
  std::string join(std::vector<std::string> segments, const std::string& last) {
    std::string name;
    for (std::size_t left = random_() % 4;; --left) {
      name += segments[random_() % segments.size()];
      if (left == 0) break;
      name += '/';
    }
    if (!last.empty() && random_() % 3 == 0) name = random_() % 4 == 0 ? last : name + "/" + last;
    return name;
  }
  std::mt19937_64 random_;
};

// Names that `pattern` matches, one of which tells it apart from any pattern that does not cover
// it: `zz` stands in no pattern, and `**` is tried as one segment, an empty one, and two.
std::vector<std::string> instances(std::string pattern) {
  for (std::size_t at = 0; (at = pattern.find("*/", at)) != std::string::npos;) {
    pattern.replace(at, 1, "zz");
  }
  if (!pattern.ends_with('*')) return {pattern};
  const std::size_t end = pattern.find('*');
  if (pattern.ends_with("**")) {
    const std::string head = pattern.substr(0, end);
    return {head + "zz", head, head + "zz/zz"};
  }
  return {pattern.substr(0, end) + "zz"};
}

TEST(Pattern, covers_exactly_when_no_name_tells_them_apart) {
  Names names(7);
  int covered = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string outer = names.pattern(), inner = names.pattern();
    if (check_pattern(outer) || check_pattern(inner)) continue;
    bool all = true;
    for (const std::string& topic : instances(inner)) {
      if (topic.empty()) continue;
      ASSERT_TRUE(pattern_matches(inner, topic)) << inner << " " << topic;
      all = all && pattern_matches(outer, topic);
    }
    ASSERT_EQ(pattern_covers(outer, inner), all) << outer << " " << inner;
    covered += all ? 1 : 0;
  }
  EXPECT_GT(covered, 500);
}

}  // namespace
}  // namespace fanfare
