// tests/app/load_settings_test.cc: which source wins, where each value came from, and what errors
// name.
#include "app/load_settings.h"

#include <gtest/gtest.h>

#include "tests/app/temporary_file.h"

namespace fanfare {
namespace {

LoadedSettings loaded(const SettingSources& sources) {
  auto result = load_settings(sources);
  EXPECT_TRUE(result.has_value()) << result.error();
  return result ? *result : LoadedSettings();
}

// The error of a file with this content, with FILE for its name.
std::string fault_of(std::string_view toml) {
  const TemporaryFile file(toml);
  const auto result = load_settings({.flags = {}, .environment = {}, .config_file = file.path()});
  EXPECT_FALSE(result.has_value());
  std::string text = result.error();
  const std::size_t at = text.find(file.path());
  return at == std::string::npos ? text : text.replace(at, file.path().size(), "FILE");
}

std::string fault_of_environment(std::string text) {
  const auto result =
      load_settings({.flags = {}, .environment = {std::move(text)}, .config_file = {}});
  EXPECT_FALSE(result.has_value());
  return result.error();
}

TEST(LoadSettings, without_sources_the_defaults_hold) {
  const auto all = loaded({});
  EXPECT_EQ(all.settings.listen, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_TRUE(all.origins.empty());
}

TEST(LoadSettings, flags_win_over_environment_over_file) {
  const TemporaryFile file("workers = 1\nlog = \"json\"\ndrain = \"1s\"\n");
  const auto all = loaded({.flags = {{"drain", {"3s"}}},
                           .environment = {"FANFARE_DRAIN=2s", "FANFARE_LOG=text", "PATH=/bin"},
                           .config_file = file.path()});
  EXPECT_EQ(all.settings.workers, 1u);
  EXPECT_EQ(all.settings.log, LogFormat::text);
  EXPECT_EQ(all.settings.drain, std::chrono::seconds(3));
  EXPECT_EQ(all.origins.at("workers"), file.path() + ":1");
  EXPECT_EQ(all.origins.at("log"), "FANFARE_LOG");
  EXPECT_EQ(all.origins.at("drain"), "--drain");
}

TEST(LoadSettings, the_file_may_be_named_by_the_environment) {
  const TemporaryFile file("workers = 3\n");
  const auto all =
      loaded({.flags = {}, .environment = {"FANFARE_CONFIG=" + file.path()}, .config_file = {}});
  EXPECT_EQ(all.settings.workers, 3u);
  EXPECT_EQ(all.config_file, file.path());
}

TEST(LoadSettings, lists_are_comma_separated_in_the_environment_and_lists_in_toml) {
  const TemporaryFile file("cors_origins = [\"https://a.example\", \"https://b.example:8443\"]\n");
  const auto all = loaded({.flags = {},
                           .environment = {"FANFARE_LISTEN=127.0.0.1:0, [::1]:0"},
                           .config_file = file.path()});
  EXPECT_EQ(all.settings.listen, (std::vector<std::string>{"127.0.0.1:0", "[::1]:0"}));
  EXPECT_EQ(all.settings.cors_origins.size(), 2u);
}

TEST(LoadSettings, unknown_names_are_errors_with_place_and_guess) {
  EXPECT_EQ(fault_of("workers = 1\nhistroy_age = \"5m\"\n"),
            "FILE:2: the key 'histroy_age' is not known (did you mean history_age?)");
  EXPECT_EQ(fault_of("[history]\nage = \"5m\"\n"), "FILE:1: the key 'history' is not known");
  EXPECT_EQ(fault_of("[[topic]]\nmatch = \"a\"\nlinger = \"1s\"\n"),
            "FILE:3: the key 'linger' is not known in [[topic]]");
  EXPECT_EQ(fault_of("[anonymous]\nread = [\"a\"]\n"),
            "FILE:2: the key 'anonymous.read' is not known");
  EXPECT_EQ(fault_of_environment("FANFARE_WORKER=2"),
            "environment: FANFARE_WORKER is not known (did you mean FANFARE_WORKERS?)");
  EXPECT_EQ(fault_of_environment("FANFARE_JWT_SECRET=x"),
            "environment: FANFARE_JWT_SECRET is not known");
}

TEST(LoadSettings, wrong_values_are_errors_with_their_place) {
  EXPECT_EQ(fault_of("\nworkers = \"many\"\n"), "FILE:2: workers: 'many' is not a whole number");
  EXPECT_EQ(fault_of("drain = 20\n"),
            "FILE:1: drain: it is a whole number, and should be a duration in quotes like \"30s\" "
            "or \"5m\"");
  EXPECT_EQ(fault_of("socket_mode = 660\n"),
            "FILE:1: socket_mode: it is a whole number, and should be a file mode like \"0660\"");
  EXPECT_EQ(fault_of_environment("FANFARE_HISTORY_EVENTS=1k"),
            "environment: FANFARE_HISTORY_EVENTS: '1k' is not a whole number");
  const auto flag =
      load_settings({.flags = {{"workers", {"x"}}}, .environment = {}, .config_file = {}});
  EXPECT_EQ(flag.error(), "--workers: 'x' is not a whole number");
}

TEST(LoadSettings, variables_that_kubernetes_sets_for_a_service_called_fanfare_are_passed_over) {
  const auto all = loaded(
      {.flags = {},
       .environment = {"FANFARE_SERVICE_HOST=10.0.0.1", "FANFARE_SERVICE_PORT=80",
                       "FANFARE_SERVICE_PORT_HTTP=80", "FANFARE_PORT=tcp://10.0.0.1:80",
                       "FANFARE_PORT_80_TCP=tcp://10.0.0.1:80", "FANFARE_PORT_80_TCP_ADDR=10.0.0.1",
                       "FANFARE_PORT_80_TCP_PORT=80", "FANFARE_INTERNAL_PORT_8081_TCP_PORT=8081",
                       "FANFARE_METRICS_PORT_81_UDP_PROTO=udp"},
       .config_file = {}});
  EXPECT_TRUE(all.origins.empty());
  EXPECT_EQ(fault_of_environment("FANFARE_PORT=8080"), "environment: FANFARE_PORT is not known");
}

TEST(LoadSettings, an_empty_variable_is_as_if_it_were_not_set) {
  EXPECT_TRUE(loaded({.flags = {}, .environment = {"FANFARE_WORKERS="}, .config_file = {}})
                  .origins.empty());
}

TEST(LoadSettings, a_topic_rule_is_complete_with_the_final_defaults) {
  const TemporaryFile file(
      "[[topic]]\nmatch = \"gen/**\"\nhistory_events = 5\nlag = \"latest\"\nevent_bytes_max = "
      "\"1KiB\"\n");
  const auto all =
      loaded({.flags = {{"history-age", {"7s"}}}, .environment = {}, .config_file = file.path()});
  ASSERT_EQ(all.settings.topics.size(), 1u);
  const TopicPolicy& policy = all.settings.topics[0].policy;
  EXPECT_EQ(policy.history_events, 5u);
  EXPECT_EQ(policy.history_age, std::chrono::seconds(7));
  EXPECT_EQ(policy.lag, LagPolicy::latest);
  EXPECT_EQ(policy.event_bytes_max, 1024u);
  EXPECT_EQ(all.settings.event_bytes_max, Settings().event_bytes_max);
  EXPECT_EQ(all.settings.topic_defaults.history_events, 1000u);
}

TEST(LoadSettings, a_topic_rule_that_is_wrong_names_its_line) {
  EXPECT_EQ(fault_of("[[topic]]\nretain = 1\n"),
            "FILE:1: a [[topic]] needs match = \"a topic or a pattern\"");
  EXPECT_TRUE(fault_of("\n[[topic]]\nmatch = \"a*b\"\n").starts_with("FILE:2: match: "));
  EXPECT_EQ(fault_of("topic = 1\n"), "FILE:1: write it as [[topic]]");
  EXPECT_EQ(fault_of("[[topic]]\nmatch = \"a\"\nlag = \"drop\"\n"),
            "FILE:3: lag: 'drop' is none of cut, skip, latest");
}

TEST(LoadSettings, a_key_gets_its_secret_from_its_file) {
  const TemporaryFile secret("  s3cret\n");
  const TemporaryFile file(
      "anonymous = {subscribe = [\"public/**\"]}\n[[key]]\nname = \"shop\"\nsecret_file = \"" +
      secret.path() + "\"\npublish = [\"orders/*\"]\n");
  const auto all = loaded({.flags = {}, .environment = {}, .config_file = file.path()});
  ASSERT_EQ(all.settings.keys.size(), 1u);
  EXPECT_EQ(all.settings.keys[0].secret, "s3cret");
  EXPECT_EQ(all.settings.keys[0].name, "shop");
  EXPECT_EQ(all.settings.anonymous_subscribe, std::vector<std::string>{"public/**"});
}

TEST(LoadSettings, a_publish_key_is_a_key_that_may_publish_everything) {
  const TemporaryFile secret("s3cret");
  const auto all = loaded({.flags = {{"publish-key", {secret.path()}}, {"listen", {"0.0.0.0:0"}}},
                           .environment = {},
                           .config_file = {}});
  ASSERT_EQ(all.settings.keys.size(), 1u);
  EXPECT_EQ(all.settings.keys[0].publish, std::vector<std::string>{"**"});
  EXPECT_FALSE(all.settings.pages_on());
}

}  // namespace
}  // namespace fanfare
