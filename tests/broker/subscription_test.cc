// tests/broker/subscription_test.cc: sets of names: one key for one set, and what it matches and
// covers.
#include "broker/subscription.h"

#include <gtest/gtest.h>

#include <string>

namespace fanfare {
namespace {

using Names = std::vector<std::string_view>;

Subscription::Ref of(const Names& names) {
  auto made = Subscription::of(names, topics_per_stream_default);
  EXPECT_TRUE(made);
  return *made;
}

TEST(Subscription, the_same_set_has_one_key_however_it_is_written) {
  EXPECT_EQ(of({"b", "a/*", "a"})->key(), of({"a", "b", "b", "a/*", "a"})->key());
  EXPECT_NE(of({"a"})->key(), of({"a", "b"})->key());
  EXPECT_NE(of({"a/b"})->key(), of({"a", "b"})->key());
}

TEST(Subscription, exact_topics_and_patterns_stand_apart_and_sorted) {
  const auto set = of({"z/**", "b", "*", "a"});
  EXPECT_EQ(Names(set->exact_topics().begin(), set->exact_topics().end()), (Names{"a", "b"}));
  EXPECT_EQ(Names(set->patterns().begin(), set->patterns().end()), (Names{"*", "z/**"}));
  EXPECT_FALSE(set->is_one_topic());
  EXPECT_TRUE(of({"a", "a"})->is_one_topic());
  EXPECT_FALSE(of({"*"})->is_one_topic());
}

TEST(Subscription, matches_by_name_or_pattern) {
  const auto set = of({"a", "b/*", "c/**"});
  for (const auto* topic : {"a", "b/1", "c/1/2"}) EXPECT_TRUE(set->matches(topic)) << topic;
  for (const auto* topic : {"b", "b/1/2", "c", "d"}) EXPECT_FALSE(set->matches(topic)) << topic;
}

TEST(Subscription, a_grant_names_the_first_name_that_it_does_not_cover) {
  const auto grant = of({"public/**", "chat"});
  EXPECT_FALSE(grant->first_not_covered(*of({"public/a", "public/*", "chat"})));
  EXPECT_EQ(grant->first_not_covered(*of({"public/a", "private"})), "private");
  EXPECT_EQ(grant->first_not_covered(*of({"chat", "**"})), "**");
}

TEST(Subscription, refuses_bad_names_none_and_too_many) {
  const Names bad{"a", "b/**/c"};
  EXPECT_EQ(Subscription::of(bad, 64).fault().slug, slug::bad_pattern);
  EXPECT_EQ(Subscription::of(Names{}, 64).fault().status, 400);
  const Names three{"a", "b", "c"};
  const auto fault = Subscription::of(three, 2).fault();
  EXPECT_EQ(fault.slug, slug::too_many_topics);
  EXPECT_NE(fault.detail.find("3 topics are asked for; at most 2"), std::string::npos);
  const Names doubles{"a", "b", "a", "b"};
  EXPECT_TRUE(Subscription::of(doubles, 2));
}

TEST(Subscription, of_one_short_topic_is_small) {
  EXPECT_LE(of({"orders/42"})->memory_bytes(), 104U);
}

}  // namespace
}  // namespace fanfare
