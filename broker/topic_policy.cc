// broker/topic_policy.cc: the first rule whose pattern matches a topic decides.
#include "broker/topic_policy.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace fanfare {

std::string_view name_of(LagPolicy policy) {
  switch (policy) {
    case LagPolicy::cut:
      return "cut";
    case LagPolicy::skip:
      return "skip";
    case LagPolicy::latest:
      return "latest";
  }
  return "unknown";
}

TopicPolicies::TopicPolicies(TopicPolicy defaults, std::vector<PolicyRule> rules)
    : defaults_(defaults), rules_(std::move(rules)) {
  for (const PolicyRule& rule : rules_) CHECK(!check_pattern(rule.match));
}

const PolicyRule* TopicPolicies::rule_of(std::string_view topic) const {
  const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const PolicyRule& candidate) {
    return pattern_matches(candidate.match, topic);
  });
  return rule == rules_.end() ? nullptr : &*rule;
}

const TopicPolicy& TopicPolicies::policy_of(std::string_view topic) const {
  const PolicyRule* rule = rule_of(topic);
  return rule == nullptr ? defaults_ : rule->policy;
}

Duration TopicPolicies::history_age_max() const {
  Duration most = defaults_.history_age;
  for (const PolicyRule& rule : rules_) most = std::max(most, rule.policy.history_age);
  return most;
}

std::size_t TopicPolicies::event_bytes_max(std::size_t general) const {
  std::size_t most = general;
  for (const PolicyRule& rule : rules_)
    most = std::max(most, rule.policy.event_bytes_max.value_or(0));
  return most;
}

}  // namespace fanfare
