// broker/topic_policy.h: what is kept of a topic and what happens to readers that fall behind, by
// pattern (protocol 3).
//
// Thread: any; immutable after construction, replaced as a whole at a reload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/pattern.h"
#include "core/bytes.h"
#include "core/time.h"

namespace fanfare {

// What becomes of a stream whose place history has lost.
enum class LagPolicy : uint8_t {
  cut,     // closed with a reason; it resumes by its id and is told the gap
  skip,    // told the gap in band, and goes on with what is kept
  latest,  // told the gap in band, and goes on with the newest kept event of each topic
};
std::string_view name_of(LagPolicy policy);

struct TopicPolicy {
  std::size_t history_events = 1000;
  std::size_t history_bytes = 64_MiB;
  Duration history_age = std::chrono::minutes(5);
  std::size_t retain = 0;  // the newest that are kept past every age
  LagPolicy lag = LagPolicy::cut;
  std::optional<std::size_t> event_bytes_max;  // nothing: the general one
  std::optional<bool> anonymous;  // [[topic]] anonymous: may be read without a credential
};

struct PolicyRule {
  std::string match;   // a topic or a pattern; [[topic]] in the configuration
  TopicPolicy policy;  // complete: what the rule does not name is as in the defaults
};

class TopicPolicies {
 public:
  explicit TopicPolicies(TopicPolicy defaults) : defaults_(defaults) {}
  // First match wins. Each rule's `match` must be a valid topic or pattern (settings are checked
  // before).
  TopicPolicies(TopicPolicy defaults, std::vector<PolicyRule> rules);

  const TopicPolicy& policy_of(std::string_view topic) const;
  // The rule that applies; null: the defaults. For `fanfare check --topic`.
  const PolicyRule* rule_of(std::string_view topic) const;
  const TopicPolicy& defaults() const { return defaults_; }
  // The most that any topic allows, `general` where a rule says nothing.
  std::size_t event_bytes_max(std::size_t general) const;
  // The longest that any topic's events are kept.
  Duration history_age_max() const;

 private:
  TopicPolicy defaults_;
  std::vector<PolicyRule> rules_;
};

}  // namespace fanfare
