// app/check.cc: prints in the order of the table, which is the order of docs/CONFIGURATION.md.
#include "app/check.h"

#include <fmt/core.h>

#include <cstdio>

#include "app/setting_table.h"
#include "app/units.h"
#include "broker/topic.h"
#include "broker/topic_policy.h"

namespace fanfare {
namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text.empty() ? "nothing" : text;
}

std::string show_policy(const TopicPolicy& policy, std::string_view indent) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    text += fmt::format("{}{:<16} {}\n", indent, name, value);
  };
  add("history_events", fmt::format("{}", policy.history_events));
  add("history_bytes", print_bytes(policy.history_bytes));
  add("history_age", print_duration(policy.history_age));
  add("retain", fmt::format("{}", policy.retain));
  add("lag", name_of(policy.lag));
  if (policy.event_bytes_max) add("event_bytes_max", print_bytes(*policy.event_bytes_max));
  if (policy.anonymous) add("anonymous", *policy.anonymous ? "true" : "false");
  return text;
}

}  // namespace

std::string show_settings(const LoadedSettings& loaded) {
  std::string text;
  if (!loaded.config_file.empty())
    text += fmt::format("configuration file {}\n\n", loaded.config_file);
  for (const Setting& setting : setting_table()) {
    const auto origin = loaded.origins.find(setting.name);
    text += fmt::format("{:<24} {:<28} {}\n", setting.name, setting.print(loaded.settings),
                        origin == loaded.origins.end() ? "default" : origin->second);
  }
  for (const KeySetting& key : loaded.settings.keys) {
    text += fmt::format("\nkey {} (secret in {})\n  publish    {}\n  subscribe  {}\n", key.name,
                        key.secret_file, joined(key.publish), joined(key.subscribe));
  }
  for (const PolicyRule& rule : loaded.settings.topics) {
    text += fmt::format("\ntopic {}\n{}", rule.match, show_policy(rule.policy, "  "));
  }
  return text;
}

Result<std::string> show_topic_policy(const LoadedSettings& loaded, const std::string& topic) {
  if (const auto fault = check_topic(topic))
    return Error{fmt::format("--topic: {}", fault->detail)};
  const Settings& settings = loaded.settings;
  const TopicPolicies policies(settings.topic_defaults, settings.topics);
  const PolicyRule* rule = policies.rule_of(topic);
  const std::string from = rule == nullptr ? "the defaults (no [[topic]] matches)"
                                           : fmt::format("[[topic]] match = \"{}\"", rule->match);
  return fmt::format("{}: {}\n{}", topic, from, show_policy(policies.policy_of(topic), "  "));
}

int run_check(const SettingSources& sources, const std::optional<std::string>& topic) {
  const auto loaded = load_settings(sources);
  if (!loaded) {
    fmt::print(stderr, "fanfare check: {}\n", loaded.error());
    return 2;
  }
  const auto shown = topic ? show_topic_policy(*loaded, *topic)
                           : show_settings(*loaded) + "\nThe configuration is right.\n";
  if (!shown) {
    fmt::print(stderr, "fanfare check: {}\n", shown.error());
    return 2;
  }
  fmt::print("{}", *shown);
  return 0;
}

}  // namespace fanfare
