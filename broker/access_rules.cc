// broker/access_rules.cc: names to subscriptions, keys to grants.
#include "broker/access_rules.h"

#include <string_view>
#include <vector>

namespace fanfare {
namespace {

// Null for no name at all: then nothing is granted.
Subscription::Ref names_of(const std::vector<std::string>& names) {
  if (names.empty()) return nullptr;
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto subscription = Subscription::of(views, views.size());
  CHECK(subscription.has_value());
  return *subscription;
}

std::vector<std::string> joined(std::vector<std::string> names,
                                const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

}  // namespace

AccessRules access_rules_of(const Settings& settings) {
  AccessRules rules;
  rules.guarded = settings.guarded();
  rules.origins = settings.cors_origins;
  rules.hosts = settings.hosts;
  std::vector<std::string> read_freely = settings.anonymous_subscribe;
  for (const PolicyRule& rule : settings.topics) {
    if (rule.policy.anonymous.value_or(false)) read_freely.push_back(rule.match);
  }
  // --publish-key alone guards publishing: reading stays free unless `anonymous` says otherwise.
  if (read_freely.empty() && !settings.publish_key.empty()) read_freely = {"**"};
  // What needs no credential needs none of those who have one either.
  for (const KeySetting& key : settings.keys) {
    rules.keys.push_back({{key.secret},
                          names_of(joined(key.publish, settings.anonymous_publish)),
                          names_of(joined(key.subscribe, read_freely))});
  }
  rules.anonymous_publish = names_of(settings.anonymous_publish);
  rules.anonymous_subscribe = names_of(read_freely);
  return rules;
}

}  // namespace fanfare
