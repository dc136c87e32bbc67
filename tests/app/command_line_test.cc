// tests/app/command_line_test.cc: words become arguments, slips become errors with exit code 2 and
// a way out.
#include "app/command_line.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

CommandLine parse(std::vector<const char*> words) {
  return parse_command_line(words);
}

std::string fault(std::vector<const char*> words) {
  const CommandLine line = parse(std::move(words));
  const Said* said = std::get_if<Said>(&line);
  if (said == nullptr) return "none";
  EXPECT_EQ(said->exit_code, 2);
  return said->text.substr(0, said->text.find('\n'));
}

std::string help(std::vector<const char*> words) {
  const CommandLine line = parse(std::move(words));
  const Said* said = std::get_if<Said>(&line);
  if (said == nullptr) return "none";
  EXPECT_EQ(said->exit_code, 0);
  return said->text;
}

TEST(CommandLine, serve_collects_flags_for_the_table) {
  const auto line = parse({"serve", "--listen", "127.0.0.1:0", "--listen=[::1]:0", "--insecure",
                           "--config", "f.toml", "--workers=2"});
  const auto* serve = std::get_if<ServeArguments>(&line);
  ASSERT_NE(serve, nullptr);
  EXPECT_EQ(serve->settings.config_file, "f.toml");
  ASSERT_EQ(serve->settings.flags.size(), 3u);
  EXPECT_EQ(serve->settings.flags[0].name, "listen");
  EXPECT_EQ(serve->settings.flags[0].values, (std::vector<std::string>{"127.0.0.1:0", "[::1]:0"}));
  const auto loaded = load_settings({serve->settings.flags, {}, {}});
  ASSERT_TRUE(loaded.has_value()) << loaded.error();
  EXPECT_TRUE(loaded->settings.insecure);
  EXPECT_EQ(loaded->settings.workers, 2u);
}

TEST(CommandLine, a_value_in_brackets_or_with_a_comma_is_one_value) {
  const auto line = parse({"serve", "--host", "[a,b]", "--host", "c,d"});
  const auto* serve = std::get_if<ServeArguments>(&line);
  ASSERT_NE(serve, nullptr);
  EXPECT_EQ(serve->settings.flags[0].values, (std::vector<std::string>{"[a,b]", "c,d"}));
}

TEST(CommandLine, unknown_flags_name_the_nearest) {
  EXPECT_EQ(fault({"serve", "--lisetn", "x"}),
            "fanfare serve: the flag --lisetn is not known (did you mean --listen?)");
  EXPECT_EQ(fault({"serve", "--jwt-secret=x"}),
            "fanfare serve: the flag --jwt-secret is not known");
  EXPECT_EQ(fault({"sub", "--lsat", "5", "chat"}),
            "fanfare sub: the flag --lsat is not known (did you mean --last?)");
  EXPECT_EQ(fault({"serve", "now"}), "fanfare serve: 'now' is one word too many");
  EXPECT_EQ(fault({"serve", "--listen"}), "fanfare serve: --listen: a value is missing");
}

TEST(CommandLine, unknown_commands_name_the_nearest) {
  EXPECT_EQ(fault({"server"}), "fanfare: there is no command 'server' (did you mean serve?)");
  EXPECT_TRUE(fault({}).starts_with("Fanfare hands every event"));
}

TEST(CommandLine, pub_takes_one_topic) {
  const auto line = parse({"pub", "--json", "--event", "price", "--key", "k", "orders/42"});
  const auto* pub = std::get_if<PubOptions>(&line);
  ASSERT_NE(pub, nullptr);
  EXPECT_EQ(pub->topic, "orders/42");
  EXPECT_EQ(pub->event, "price");
  EXPECT_EQ(pub->data, PubData::json);
  EXPECT_EQ(pub->key_file, "k");
  EXPECT_EQ(fault({"pub"}), "fanfare pub: which topic? fanfare pub TOPIC");
  EXPECT_TRUE(fault({"pub", "a", "hello"}).find("echo hello | fanfare pub a") != std::string::npos);
}

TEST(CommandLine, a_topic_may_be_called_like_a_command_or_a_flag) {
  const auto line = parse({"pub", "serve"});
  ASSERT_NE(std::get_if<PubOptions>(&line), nullptr);
  EXPECT_EQ(std::get_if<PubOptions>(&line)->topic, "serve");
  const auto dashed = parse({"pub", "--", "--json"});
  ASSERT_NE(std::get_if<PubOptions>(&dashed), nullptr);
  EXPECT_EQ(std::get_if<PubOptions>(&dashed)->topic, "--json");
}

TEST(CommandLine, sub_takes_topics_and_one_place_to_begin) {
  const auto line = parse({"sub", "--last", "10", "--data", "a", "b/**"});
  const auto* sub = std::get_if<SubOptions>(&line);
  ASSERT_NE(sub, nullptr);
  EXPECT_EQ(sub->topics, (std::vector<std::string>{"a", "b/**"}));
  EXPECT_EQ(sub->output, SubOutput::data);
  EXPECT_EQ(fault({"sub", "--last", "1", "--since", "5m", "a"}),
            "fanfare sub: one of --since, --last and --last-event-id, not several");
  EXPECT_EQ(fault({"sub", "--last", "x", "a"}), "fanfare sub: --last: 'x' is not a whole number");
  EXPECT_EQ(fault({"sub", "--json", "--data", "a"}),
            "fanfare sub: one of --data, --json and --sse, not several");
}

TEST(CommandLine, help_and_version_are_asked_for_in_the_usual_ways) {
  EXPECT_EQ(help({"--version"}), "fanfare 0.1.0\n");
  EXPECT_EQ(help({"--help"}), help({"help"}));
  for (const auto command : {"serve", "pub", "sub", "check", "preflight", "healthcheck"}) {
    EXPECT_TRUE(help({command, "--help"}).starts_with("Usage: fanfare ")) << command;
    EXPECT_EQ(help({command, "-h"}), help({"help", command}));
  }
  EXPECT_NE(help({"serve", "--help"}).find("--history-age DURATION"), std::string::npos);
}

TEST(CommandLine, help_fits_a_terminal) {
  const std::string text = help({"serve", "--help"});
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 100u) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST(CommandLine, check_takes_a_topic) {
  const auto line = parse({"check", "--topic", "gen/1", "--config", "f"});
  ASSERT_NE(std::get_if<CheckArguments>(&line), nullptr);
  EXPECT_EQ(std::get_if<CheckArguments>(&line)->topic, "gen/1");
}

TEST(CommandLine, bench_keeps_its_words_for_whoever_measures) {
  const auto line = parse({"bench", "idle", "--streams=3", "--small"});
  ASSERT_NE(std::get_if<BenchArguments>(&line), nullptr);
  EXPECT_EQ(std::get_if<BenchArguments>(&line)->words,
            (std::vector<std::string>{"idle", "--streams=3", "--small"}));
  const auto help = parse({"bench", "idle", "--help"});
  ASSERT_NE(std::get_if<Said>(&help), nullptr);
  EXPECT_EQ(std::get_if<Said>(&help)->exit_code, 0);
}

TEST(CommandLine, healthcheck_has_a_limit_of_time) {
  const auto line = parse({"healthcheck", "--timeout", "500ms"});
  ASSERT_NE(std::get_if<HealthcheckOptions>(&line), nullptr);
  EXPECT_EQ(std::get_if<HealthcheckOptions>(&line)->timeout, std::chrono::milliseconds(500));
  EXPECT_TRUE(fault({"healthcheck", "--timeout", "5"}).find("is not a duration") !=
              std::string::npos);
}

}  // namespace
}  // namespace fanfare
