// app/help.cc: texts for people at a terminal of 80 to 100 columns.
#include "app/help.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "app/setting_table.h"
#include "core/check.h"

namespace fanfare {
namespace {

constexpr std::size_t columns_max = 96;
constexpr std::size_t text_column = 8;

constexpr std::array<CommandHelp, 7> commands = {{
    {"serve", "run the broker", "fanfare serve [flags]",
     R"(Runs the broker until it is asked to end. When every listener accepts, one line on
standard output says `ready` and the addresses. SIGTERM closes streams evenly and ends;
SIGHUP reads the configuration again.

Examples:
  fanfare serve
  fanfare serve --listen 127.0.0.1:0 --listen unix:/run/fanfare/publish.sock
  fanfare serve --listen 0.0.0.0:8080 --publish-key /etc/fanfare/key
  FANFARE_HISTORY_AGE=1h fanfare serve --config /etc/fanfare/fanfare.toml
)"},
    {"pub", "publish each line of standard input as an event", "fanfare pub [flags] TOPIC",
     R"(Publishes each line of standard input as one event, as it comes, without its line end.

  --url URL
        The broker (default http://127.0.0.1:8080)
  --socket PATH
        The broker's Unix socket, instead of --url
  --event TYPE
        The type of the events; readers get it as `event:`
  --json
        Each line is JSON, and is checked
  --key FILE
        File with the secret that the broker asks for

Examples:
  echo hello | fanfare pub chat
  tail -F access.log | fanfare pub logs/access
  vmstat 1 | fanfare pub host/vmstat
  echo '{"price":17}' | fanfare pub --json --event price stocks/ACME
)"},
    {"sub", "print events as they come", "fanfare sub [flags] TOPIC...",
     R"(Prints the events of topics and patterns, one line each. When the connection breaks it
comes again and goes on where it was; a gap is told on standard error.

  --url URL
        The broker (default http://127.0.0.1:8080)
  --socket PATH
        The broker's Unix socket, instead of --url
  --since TIME
        Begin with what was kept since: 30s, 5m, an RFC 3339 time, or earliest
  --last N
        Begin with the newest N kept events of each topic
  --last-event-id ID
        Begin after the event with this id
  --data
        Print the data of each event and a line end (the default)
  --json
        Print each event as a JSON object with its id, topic, type and data
  --sse
        Print blocks as the broker sends them
  --key FILE
        File with the secret that the broker asks for

Examples:
  fanfare sub chat
  fanfare sub --json --last 10 'orders/*' 'gen/**'
  fanfare sub --since 5m logs/access | grep ERROR
)"},
    {"bench", "measure a broker, this one or another, and say what was found",
     "fanfare bench NAME [flags]",
     R"(Opens streams, publishes events to them, checks every delivery and times it from the moment
the event was due. Without --url it starts a broker of its own and ends it. Ctrl-C reports
what there is by then. Exit code 1 if anything was lost, twice, out of order or cut.

  NAME                  fanfare bench list shows them: one-to-many, chat-rooms, idle ...
  compare A B           ratios of two files that --json wrote, with their spread

  --small               a few seconds, a few streams
  --json FILE           appends the result as one line of JSON
  --html FILE           writes a page with plots
  --quiet               no progress

The server:
  --url URL             one that runs already, for example http://127.0.0.1:8080
  --preset NAME         how it is spoken to: fanfare (the default), mercure, nchan, nchan-ws,
                        pushpin, centrifugo, plain, redis or nats
  --subscribe URL       instead of the preset's: with {topic} and {i}; http:// or ws://
  --publish URL         the same; unix:PATH publishes by lines of JSON
  --header LINE         in every request; --publish-header in those that publish
  --body TEXT           of a publish, with {topic} and {data}; --content-type TYPE
  --server-pid PID      its processes; found by its port otherwise
  --label TEXT          what reports call it
  --engine, --workers   of the broker that is started; --serve=FLAG any flag of fanfare serve
  --server-core N|free, --cores N,N|free
                        where the started broker and the generator run

The load, instead of the workload's own:
  --streams (of its largest group), --topics, --publishers, --rate (events/s of the open
  loop), --bytes, --batch (events in a request), --seconds (of each counted stage),
  --stage NAME (only this), --ramp (streams opened a second)
  --p99-under MS        instead of the stages: search the highest rate at which 99 % of the
                        events reach their last subscriber in so many milliseconds

Examples:
  fanfare bench one-to-many
  fanfare bench chat-rooms --html report.html
  fanfare bench one-to-many --p99-under 250
  fanfare bench idle --streams 100000 --workers 6
  fanfare bench one-to-many --preset nchan --url http://127.0.0.1:8090
  fanfare bench one-to-many --subscribe 'http://127.0.0.1:3000/sse?room={topic}' \
    --publish 'http://127.0.0.1:3000/rooms/{topic}'
)"},
    {"check", "check the configuration and show what holds", "fanfare check [flags]",
     R"(Reads flags, environment and file as `fanfare serve` does, and prints every setting with
where it came from. Exit code 2 if something is wrong, with the place and the cure.

  --topic TOPIC
        Print the policy that applies to this topic, and which [[topic]] it is from
  --print-docs
        Print the reference of all settings (docs/CONFIGURATION.md)

Examples:
  fanfare check --config fanfare.toml
  fanfare check --config fanfare.toml --topic gen/1
)"},
    {"preflight", "compare this machine's limits with what the settings need",
     "fanfare preflight [flags]",
     R"(Compares descriptors, queues, memory, cores and io_uring of this machine with what the
settings need, and says what to change. Exit code 1 if something would fail.

Examples:
  fanfare preflight
  fanfare preflight --config fanfare.toml --streams-max 100000
)"},
    {"healthcheck", "ask a running broker whether it is well", "fanfare healthcheck [flags]",
     R"(Exit code 0 if the broker answers that it is ready, 1 if not. For containers, which have
no curl.

  --url URL
        What to ask (default http://127.0.0.1:8081/readyz)
  --timeout DURATION
        How long to wait for the answer (default 2s)

Example:
  HEALTHCHECK CMD ["fanfare", "healthcheck"]
)"},
}};

// Words in lines of at most `columns_max`, each indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out(indent, ' ');
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > indent && column + 1 + end > columns_max) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

std::string setting_help(const Setting& setting, const Settings& defaults) {
  const std::string_view value = value_name_of(setting.kind);
  std::string text = fmt::format("  {}{}{}\n", setting.flag(), value.empty() ? "" : " ", value);
  const std::string given = setting.print(defaults);
  const bool shown = !given.empty() && setting.kind != SettingKind::flag;
  return text + wrapped(shown ? fmt::format("{} (default {})", setting.help, given) : setting.help,
                        text_column);
}

std::string settings_help() {
  std::string text =
      "\nSettings, each also in the environment (--history-age is FANFARE_HISTORY_AGE; lists are\n"
      "separated by commas) and in the file (history_age = \"5m\"). Flags win over the\n"
      "environment, the environment over the file.\n\n"
      "  --config FILE\n        TOML file with settings, [[key]] and [[topic]] (or "
      "FANFARE_CONFIG)\n";
  const Settings defaults;
  std::string_view group;
  for (const Setting& setting : setting_table()) {
    if (setting.group != group) text += fmt::format("\n{}:\n", setting.group);
    group = setting.group;
    text += setting_help(setting, defaults);
  }
  return text;
}

bool takes_settings(std::string_view command) {
  return command == "serve" || command == "check" || command == "preflight";
}

}  // namespace

std::span<const CommandHelp> command_helps() {
  return commands;
}

const CommandHelp* find_command_help(std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const CommandHelp& help) { return help.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

std::string general_help() {
  std::string text =
      "Fanfare hands every event to every stream that asked for it (Server-Sent Events).\n\n"
      "Usage: fanfare COMMAND [flags]\n\nCommands:\n";
  for (const CommandHelp& help : commands) {
    text += fmt::format("  {:<12} {}\n", help.name, help.summary);
  }
  return text +
         "\n`fanfare COMMAND --help` tells more; `fanfare --version` prints the version.\n\n"
         "A first event:\n"
         "  fanfare serve &\n"
         "  curl -N localhost:8080/topics/chat &\n"
         "  curl -d hello localhost:8080/topics/chat\n";
}

std::string command_help(std::string_view name) {
  const CommandHelp* help = find_command_help(name);
  CHECK(help != nullptr);
  std::string text = fmt::format("Usage: {}\n\n{}", help->usage, help->text);
  if (takes_settings(name)) text += settings_help();
  return text;
}

}  // namespace fanfare
