// tests/broker/topic_policy_test.cc: which rule decides about a topic.
#include "broker/topic_policy.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

PolicyRule rule(std::string match, std::size_t events) {
  PolicyRule made{.match = std::move(match), .policy = {}};
  made.policy.history_events = events;
  return made;
}

TEST(TopicPolicies, without_rules_the_defaults_apply_to_every_topic) {
  TopicPolicy defaults;
  defaults.history_events = 7;
  const TopicPolicies policies(defaults);
  EXPECT_EQ(policies.policy_of("orders/1").history_events, 7u);
  EXPECT_EQ(policies.rule_of("orders/1"), nullptr);
}

TEST(TopicPolicies, the_first_match_wins_and_later_rules_are_not_asked) {
  const TopicPolicies policies({}, {rule("gen/1", 1), rule("gen/**", 2), rule("gen/*", 3)});
  EXPECT_EQ(policies.policy_of("gen/1").history_events, 1u);
  EXPECT_EQ(policies.policy_of("gen/2").history_events, 2u);
  ASSERT_NE(policies.rule_of("gen/2/x"), nullptr);
  EXPECT_EQ(policies.rule_of("gen/2/x")->match, "gen/**");
}

TEST(TopicPolicies, a_topic_that_no_rule_matches_has_the_defaults) {
  const TopicPolicies policies({}, {rule("gen/**", 2)});
  EXPECT_EQ(policies.policy_of("gen").history_events, TopicPolicy().history_events);
  EXPECT_EQ(policies.rule_of("orders"), nullptr);
}

TEST(TopicPolicies, the_brokers_own_topics_are_not_matched_by_a_leading_wildcard) {
  const TopicPolicies policies({}, {rule("**", 2), rule("$inbox/*", 3)});
  EXPECT_EQ(policies.policy_of("$inbox/a").history_events, 3u);
  EXPECT_EQ(policies.policy_of("a").history_events, 2u);
}

TEST(LagPolicy, has_the_names_that_the_configuration_uses) {
  EXPECT_EQ(name_of(LagPolicy::cut), "cut");
  EXPECT_EQ(name_of(LagPolicy::skip), "skip");
  EXPECT_EQ(name_of(LagPolicy::latest), "latest");
}

}  // namespace
}  // namespace fanfare
