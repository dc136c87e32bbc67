// tests/broker/topic_test.cc: what may be a topic, and that each refusal says what was meant.
#include "broker/topic.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/text_rules.h"
#include "net/json.h"

namespace fanfare {
namespace {

using namespace std::string_literals;

std::string detail(const std::optional<Fault>& fault) {
  return fault ? fault->detail : "none";
}

bool says(const std::optional<Fault>& fault, std::string_view part) {
  return fault && fault->detail.find(part) != std::string::npos;
}

TEST(Topic, ordinary_and_odd_names_are_topics) {
  for (const std::string_view name :
       {"a", "orders/42", "https://example.com/books/1", "chat/", "/x", "/", "a//b", "a*b", "***",
        "...", ".a", "a b", "größe/😀", "a\u00A0b", "$stats", "a?b#c%2F"}) {
    EXPECT_EQ(detail(check_topic(name)), "none") << name;
  }
  EXPECT_EQ(detail(check_topic(std::string(255, 'x'))), "none");
}

TEST(Topic, an_empty_name_asks_about_the_shell) {
  EXPECT_EQ(detail(check_topic("")), "empty topic: did your shell expand `$`? use single quotes");
}

TEST(Topic, a_long_name_is_refused_by_bytes) {
  EXPECT_TRUE(says(check_topic(std::string(256, 'x')), "has 256 bytes; at most 255 are allowed"));
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "ä";
  EXPECT_TRUE(says(check_topic(umlauts), "has 256 bytes"));
}

TEST(Topic, invisible_and_control_characters_are_named) {
  EXPECT_TRUE(
      says(check_topic("a\nb"), "U+000A, a control character, at byte 1: did a line end slip in?"));
  EXPECT_TRUE(says(check_topic("a\0b"s), "U+0000, a control character, at byte 1"));
  EXPECT_TRUE(says(check_topic("a\x7F"), "U+007F"));
  EXPECT_TRUE(says(check_topic("é\u200B"), "U+200B, an invisible format character, at byte 2"));
  EXPECT_TRUE(says(check_topic("\uFEFFa"), "U+FEFF"));
  EXPECT_TRUE(says(check_topic("a\u2028b"), "U+2028, a line separator"));
  EXPECT_TRUE(says(check_topic("a\u2029b"), "U+2029, a line separator"));
  EXPECT_TRUE(says(check_topic("a\u0085"), "U+0085, a control character"));
  EXPECT_TRUE(says(check_topic("a\U000E0001"), "U+E0001"));
  EXPECT_TRUE(says(check_topic("a\xED\xA0\x80"), "not valid UTF-8 at byte 1"));  // a surrogate
  EXPECT_TRUE(says(check_topic("a\xFF"), "'a\\xFF' is not valid UTF-8 at byte 1"));
}

TEST(Topic, details_are_text_that_cannot_forge_a_line) {
  for (const auto& name : {"a\nb"s, "\u202Eevil"s, "a\xFF\xFE"s, "x\x1B[31m"s}) {
    const auto fault = check_topic(name);
    ASSERT_TRUE(fault);
    EXPECT_TRUE(is_valid_utf8(fault->detail));
    EXPECT_FALSE(find_refused_character(fault->detail)) << fault->detail;
  }
}

TEST(Topic, dot_and_star_segments_are_refused) {
  EXPECT_TRUE(says(check_topic("a/../b"), "a segment '..'"));
  EXPECT_TRUE(says(check_topic("."), "a segment '.'"));
  EXPECT_TRUE(says(check_topic("a/*"), "patterns are only for subscribing"));
  EXPECT_TRUE(says(check_topic("**"), "patterns are only for subscribing"));
  for (const auto* name : {"a/../b", ".", "a/*"}) EXPECT_EQ(check_topic(name)->status, 400) << name;
}

TEST(Topic, the_brokers_own_names_are_refused_for_publishing_with_403) {
  EXPECT_EQ(detail(check_publish_topic("a/$b")), "none");
  const auto fault = check_publish_topic("$inbox/1");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->status, 403);
  EXPECT_EQ(fault->slug, slug::reserved_topic);
}

TEST(TopicPath, literal_empty_segments_are_refused_with_the_likely_meaning) {
  EXPECT_EQ(detail(check_topic_path("chat")), "none");
  EXPECT_EQ(detail(check_topic_path("chat%2F")), "none");
  EXPECT_EQ(detail(check_topic_path("a/b%2F%2Fc")), "none");
  EXPECT_TRUE(
      says(check_topic_path("chat/"), "the topic 'chat/' ends in '/': did you mean /topics/chat?"));
  EXPECT_TRUE(says(check_topic_path("chat/"), "use /events?topic="));
  EXPECT_TRUE(says(check_topic_path("a//b"), "has '//': did you mean /topics/a/b?"));
  EXPECT_TRUE(
      says(check_topic_path("https://example.com/1"), "use /events?topic=https://example.com/1"));
  EXPECT_TRUE(says(check_topic_path("/chat"), "begins with '/': did you mean /topics/chat?"));
  EXPECT_TRUE(says(check_topic_path("/"), "empty topic"));
}

TEST(TopicHash, is_stable_and_spreads) {
  EXPECT_EQ(topic_hash("a"), topic_hash("a"));
  EXPECT_NE(topic_hash("a"), topic_hash("b"));
  unsigned high[16] = {}, low[16] = {};
  for (int i = 0; i < 16'000; ++i) {
    const auto hash = static_cast<uint64_t>(topic_hash("topic/" + std::to_string(i)));
    ++high[hash >> 60];
    ++low[hash & 15];
  }
  for (int i = 0; i < 16; ++i) {
    EXPECT_NEAR(high[i], 1000, 200);
    EXPECT_NEAR(low[i], 1000, 200);
  }
}

TEST(TextRules, quoted_text_is_cut_at_a_character) {
  EXPECT_EQ(quoted("abc"), "'abc'");
  EXPECT_EQ(quoted("ééé", 5), "'éé...'");
  EXPECT_EQ(quoted("a\u200B\n"), "'a\\u{200B}\\u{A}'");
}

TEST(TextRules, kinds_at_the_edges_of_their_ranges) {
  EXPECT_EQ(kind_of(0x1F), CharacterKind::control);
  EXPECT_EQ(kind_of(0x20), CharacterKind::plain);
  EXPECT_EQ(kind_of(0x9F), CharacterKind::control);
  EXPECT_EQ(kind_of(0xA0), CharacterKind::plain);
  EXPECT_EQ(kind_of(0xAD), CharacterKind::format);
  EXPECT_EQ(kind_of(0xD800), CharacterKind::surrogate);
  EXPECT_EQ(kind_of(0xDFFF), CharacterKind::surrogate);
  EXPECT_EQ(kind_of(0xE000), CharacterKind::plain);
  EXPECT_EQ(kind_of(0xE007F), CharacterKind::format);
  EXPECT_EQ(kind_of(0x10FFFF), CharacterKind::plain);
}

}  // namespace
}  // namespace fanfare
