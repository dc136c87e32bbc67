// app/command_line.cc: the first word is the command; CLI11 reads the rest, and what it leaves over
// is an error.
//
// All values are taken as texts, and each is read by its setting. CLI11 would take several words
// after one flag, and split [a,b]: both are switched off.
#include "app/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/help.h"
#include "app/nearest.h"
#include "app/setting_table.h"
#include "app/units.h"

namespace fanfare {
namespace {

constexpr int usage_exit_code = 2;

Said wrong(std::string_view command, std::string_view what) {
  return {fmt::format("fanfare {}: {}\nTry: fanfare {} --help\n", command, what, command),
          usage_exit_code};
}

// One command's flags while they are read.
class Words {
 public:
  explicit Words(std::string_view command) : command_(command) {
    app_.set_help_flag("");
    app_.allow_extras();
    app_.add_flag("-h,--help", help_);
  }

  void add_flag(const std::string& name, bool& into) {
    app_.add_flag("--" + name, into);
    known_.push_back(name);
  }
  void add_text(const std::string& name, std::string& into) {
    app_.add_option("--" + name, into);
    known_.push_back(name);
  }
  // Repeatable, one value each; nothing is split.
  CLI::Option* add_list(const std::string& name, std::vector<std::string>& into) {
    known_.push_back(name);
    return app_.add_option("--" + name, into)->allow_extra_args(false);
  }
  // --insecure, or --insecure=off.
  CLI::Option* add_switch(const std::string& name) {
    known_.push_back(name);
    return app_.add_flag("--" + name);
  }
  void add_positional(const std::string& name, std::vector<std::string>& into) {
    app_.add_option(name, into);
  }

  // Nothing: go on.
  std::optional<Said> parse(std::span<const char* const> words) {
    // CLI11 wants them from the last to the first.
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::ArgumentMismatch& error) {
      const std::string_view what = error.what();  // "--workers: 1 required TEXT missing"
      return wrong(command_, fmt::format("{}: a value is missing", what.substr(0, what.find(':'))));
    } catch (const CLI::ParseError& error) {
      return wrong(command_, error.what());
    }
    if (help_) return Said{command_help(command_), 0};
    auto left = app_.remaining();
    std::erase(left, "--");  // CLI11 leaves the mark in
    if (!left.empty()) return wrong(command_, unknown(left));
    return std::nullopt;
  }

 private:
  std::string unknown(const std::vector<std::string>& left) const {
    for (const std::string& word : left) {
      if (!word.starts_with("-") || word == "-") continue;
      const std::string name = word.substr(0, word.find('='));
      const std::string bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
      return fmt::format("the flag {} is not known{}", name, did_you_mean(bare, known_, "--"));
    }
    return fmt::format("'{}' is one word too many", left[0]);
  }

  std::string_view command_;
  CLI::App app_;
  bool help_ = false;
  std::vector<std::string> known_;
};

// The table's flags, and --config.
class SettingWords {
 public:
  explicit SettingWords(Words& words) {
    words.add_text("config", config_);
    values_.resize(setting_table().size());
    std::size_t at = 0;
    for (const Setting& setting : setting_table()) {
      options_.push_back(setting.kind == SettingKind::flag
                             ? words.add_switch(setting.name)
                             : words.add_list(setting.name, values_[at]));
      ++at;
    }
  }

  SettingArguments arguments() const {
    SettingArguments given;
    if (!config_.empty()) given.config_file = config_;
    std::size_t at = 0;
    for (const Setting& setting : setting_table()) {
      const CLI::Option* option = options_[at++];
      if (option->count() != 0) given.flags.push_back({setting.name, option->results()});
    }
    return given;
  }

 private:
  std::string config_;
  std::vector<std::vector<std::string>> values_;
  std::vector<CLI::Option*> options_;
};

CommandLine parse_serve(std::span<const char* const> rest) {
  Words words("serve");
  SettingWords settings(words);
  if (auto said = words.parse(rest)) return *said;
  return ServeArguments{settings.arguments()};
}

CommandLine parse_check(std::span<const char* const> rest) {
  Words words("check");
  SettingWords settings(words);
  std::string topic;
  bool print_docs = false;
  words.add_text("topic", topic);
  words.add_flag("print-docs", print_docs);
  if (auto said = words.parse(rest)) return *said;
  CheckArguments given{settings.arguments(), {}, print_docs ? PrintDocs::yes : PrintDocs::no};
  if (!topic.empty()) given.topic = topic;
  return given;
}

CommandLine parse_preflight(std::span<const char* const> rest) {
  Words words("preflight");
  SettingWords settings(words);
  if (auto said = words.parse(rest)) return *said;
  return PreflightArguments{settings.arguments()};
}

// Where the broker is; of pub and sub alike.
template <class Options>
void add_broker(Words& words, Options& options) {
  words.add_text("url", options.url);
  words.add_text("socket", options.socket);
  words.add_text("key", options.key_file);
}

CommandLine parse_pub(std::span<const char* const> rest) {
  Words words("pub");
  PubOptions given;
  std::vector<std::string> topics;
  bool json = false;
  add_broker(words, given);
  words.add_text("event", given.event);
  words.add_flag("json", json);
  words.add_positional("TOPIC", topics);
  if (auto said = words.parse(rest)) return *said;
  if (topics.empty()) return wrong("pub", "which topic? fanfare pub TOPIC");
  if (topics.size() > 1) {
    return wrong("pub", fmt::format("one topic is enough, and then there is '{}'. Data comes on "
                                    "standard input: echo hello | fanfare pub {}",
                                    topics[1], topics[0]));
  }
  given.topic = topics[0];
  given.data = json ? PubData::json : PubData::text;
  return given;
}

CommandLine parse_sub(std::span<const char* const> rest) {
  Words words("sub");
  SubOptions given;
  bool json = false, data = false, sse = false;
  add_broker(words, given);
  words.add_text("since", given.since);
  words.add_text("last", given.last);
  words.add_text("last-event-id", given.last_event_id);
  words.add_flag("json", json);
  words.add_flag("data", data);
  words.add_flag("sse", sse);
  words.add_positional("TOPIC", given.topics);
  if (auto said = words.parse(rest)) return *said;
  if (given.topics.empty()) return wrong("sub", "which topics? fanfare sub TOPIC...");
  if (int{json} + int{data} + int{sse} > 1)
    return wrong("sub", "one of --data, --json and --sse, not several");
  const int starts =
      int{!given.since.empty()} + int{!given.last.empty()} + int{!given.last_event_id.empty()};
  if (starts > 1) return wrong("sub", "one of --since, --last and --last-event-id, not several");
  if (!given.last.empty()) {
    if (const auto last = parse_count(given.last); !last) {
      return wrong("sub", "--last: " + last.error());
    }
  }
  given.output = json ? SubOutput::json : sse ? SubOutput::sse : SubOutput::data;
  return given;
}

CommandLine parse_healthcheck(std::span<const char* const> rest) {
  Words words("healthcheck");
  HealthcheckOptions given;
  std::string timeout;
  words.add_text("url", given.url);
  words.add_text("timeout", timeout);
  if (auto said = words.parse(rest)) return *said;
  if (!timeout.empty()) {
    const auto duration = parse_duration(timeout);
    if (!duration) return wrong("healthcheck", "--timeout: " + duration.error());
    given.timeout = *duration;
  }
  return given;
}

CommandLine parse_bench(std::span<const char* const> rest) {
  BenchArguments given{{rest.begin(), rest.end()}};
  for (const std::string& word : given.words) {
    if (word == "--help" || word == "-h") return Said{command_help("bench"), 0};
  }
  return given;
}

Said unknown_command(std::string_view name) {
  std::vector<std::string> known;
  for (const CommandHelp& help : command_helps()) known.emplace_back(help.name);
  return {fmt::format("fanfare: there is no command '{}'{}\nTry: fanfare --help\n", name,
                      did_you_mean(name, known)),
          usage_exit_code};
}

}  // namespace

CommandLine parse_command_line(std::span<const char* const> words) {
  if (words.empty()) return Said{general_help(), usage_exit_code};
  const std::string_view first = words[0];
  const auto rest = words.subspan(1);
  if (first == "--help" || first == "-h" || first == "help") {
    if (!rest.empty() && find_command_help(rest[0]) != nullptr) {
      return Said{command_help(rest[0]), 0};
    }
    return Said{general_help(), 0};
  }
  if (first == "--version") return Said{fmt::format("fanfare {}\n", fanfare_version), 0};
  if (first == "serve") return parse_serve(rest);
  if (first == "pub") return parse_pub(rest);
  if (first == "sub") return parse_sub(rest);
  if (first == "check") return parse_check(rest);
  if (first == "preflight") return parse_preflight(rest);
  if (first == "bench") return parse_bench(rest);
  if (first == "healthcheck") return parse_healthcheck(rest);
  return unknown_command(first);
}

}  // namespace fanfare
