// app/setting_table.cc: the rows, in the order in which people meet them.
#include "app/setting_table.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <type_traits>
#include <utility>

#include "app/setting_values.h"
#include "core/check.h"
#include "core/limits.h"

namespace fanfare {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t ns(Duration duration) {
  return static_cast<uint64_t>(duration.count());
}

std::string key_of(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

Result<Done> want_one(std::span<const std::string> values) {
  if (values.size() == 1) return Done();
  return Error{values.empty() ? "a value is missing"
                              : "it takes one value, and several were given"};
}

// `reach` takes a Settings, const or not, to the member that the row sets.
template <class Reach>
Setting row(const std::string& name, std::string_view group, SettingKind kind, Reload reload,
            std::string help, Reach reach, SettingRange range = {}) {
  Setting made{name, key_of(name), group, kind, reload, std::move(help), {}, {}};
  using Value = std::remove_reference_t<decltype(reach(std::declval<Settings&>()))>;
  if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
    made.parse = [reach](Settings& settings, std::span<const std::string> values) -> Result<Done> {
      if (std::any_of(values.begin(), values.end(), [](auto& value) { return value.empty(); })) {
        return Error{"an item of the list is empty"};
      }
      reach(settings).assign(values.begin(), values.end());
      return Done();
    };
    made.print = [reach](const Settings& settings) {
      std::string text;
      for (const auto& item : reach(settings)) text += (text.empty() ? "" : ",") + item;
      return text;
    };
  } else if constexpr (std::is_same_v<Value, std::optional<unsigned>>) {
    made.parse = [reach](Settings& settings, std::span<const std::string> values) -> Result<Done> {
      if (auto one = want_one(values); !one) return one;
      return parse_mode(values[0], reach(settings));
    };
    made.print = [reach](const Settings& settings) { return print_mode(reach(settings)); };
  } else {
    made.parse = [reach, kind, range](Settings& settings,
                                      std::span<const std::string> values) -> Result<Done> {
      if (auto one = want_one(values); !one) return one;
      return parse_value(kind, range, values[0], reach(settings));
    };
    made.print = [reach, kind](const Settings& settings) {
      return print_value(kind, reach(settings));
    };
  }
  return made;
}

// Where a row's value lives in a Settings.
#define REACH(member)           \
  [](auto& settings) -> auto& { \
    return settings.member;     \
  }

using Kind = SettingKind;
constexpr Reload live = Reload::takes_effect;
constexpr Reload fixed = Reload::needs_restart;

void add_where(std::vector<Setting>& rows) {
  constexpr std::string_view group = "Where it listens";
  rows.push_back(row("listen", group, Kind::list, fixed,
                     "Address to serve on: 127.0.0.1:8080, [::1]:8080, *:8080 or "
                     "unix:/run/fanfare.sock; port 0 lets "
                     "the kernel choose (repeatable)",
                     REACH(listen)));
  rows.push_back(
      row("internal", group, Kind::text, fixed,
          "Address of the internal listener (/livez, /readyz, /metrics, /statz, /streamz), or off",
          REACH(internal)));
  rows.push_back(row("socket-mode", group, Kind::mode, fixed,
                     "File mode of Unix sockets, octal; auto: by the umask", REACH(socket_mode)));
  rows.push_back(
      row("socket-owner", group, Kind::text, fixed,
          "Owner of Unix sockets: user:group, user or :group, by name or number; empty: unchanged",
          REACH(socket_owner)));
  rows.push_back(row("trusted-proxy", group, Kind::list, live,
                     "Address or network of proxies that are believed when X-Forwarded-For, "
                     "X-Forwarded-Host or the PROXY protocol name the client: 10.0.0.0/8 "
                     "(repeatable)",
                     REACH(trusted_proxies)));
  rows.back().key = "trusted_proxies";
  rows.push_back(row("proxy-protocol", group, Kind::on_off, live,
                     "Connections of trusted proxies begin with a header of the PROXY protocol, "
                     "version 1 or 2 (never on the internal listener)",
                     REACH(proxy_protocol)));
}

void add_machine(std::vector<Setting>& rows) {
  constexpr std::string_view group = "How it runs";
  rows.push_back(row("workers", group, Kind::count, fixed,
                     "Worker threads; 0: one for each usable core", REACH(workers),
                     {0, limits::workers_max}));
  rows.push_back(row("engine", group, Kind::choice, fixed,
                     "The door to the kernel: auto, io_uring or epoll", REACH(engine)));
  rows.push_back(row("log", group, Kind::choice, live,
                     "Form of the log on standard error: text for people, json for machines",
                     REACH(log)));
  rows.push_back(row("log-level", group, Kind::choice, live,
                     "What is logged: debug, info, warn, error or off", REACH(log_level)));
  rows.back().parse = [](Settings& settings, std::span<const std::string> values) -> Result<Done> {
    if (auto one = want_one(values); !one) return one;
    for (const auto level : {"debug", "info", "warn", "error", "off"}) {
      if (values[0] != level) continue;
      settings.log_level = level;
      return Done();
    }
    return Error{"'" + values[0] + "' is none of debug, info, warn, error, off"};
  };
  rows.push_back(row("pages", group, Kind::on_off, live,
                     "Pages for browsers; auto: on, unless keys are configured", REACH(pages)));
  rows.push_back(row("drain", group, Kind::duration, live,
                     "How long streams are closed over when it is asked to end", REACH(drain),
                     {0, ns(24h)}));
}

void add_who(std::vector<Setting>& rows) {
  constexpr std::string_view group = "Who may do what";
  rows.push_back(row("publish-key", group, Kind::text, live,
                     "File with a secret that may publish everything; reading stays free",
                     REACH(publish_key)));
  rows.push_back(row("anonymous-publish", group, Kind::list, live,
                     "Topics and patterns that need no key to publish to (repeatable)",
                     REACH(anonymous_publish)));
  rows.back().key = "anonymous.publish";
  rows.push_back(row("anonymous-subscribe", group, Kind::list, live,
                     "Topics and patterns that need no key to read (repeatable)",
                     REACH(anonymous_subscribe)));
  rows.back().key = "anonymous.subscribe";
  rows.push_back(row(
      "cors-origin", group, Kind::list, live,
      "Origin of web pages that may read and publish: https://app.example.com, or * (repeatable)",
      REACH(cors_origins)));
  rows.back().key = "cors_origins";
  rows.push_back(row("host", group, Kind::list, live,
                     "Further host name that a loopback listener answers to (repeatable)",
                     REACH(hosts)));
  rows.back().key = "hosts";
  rows.push_back(row("insecure", group, Kind::flag, fixed,
                     "Serve other machines without keys: anyone who reaches it may publish",
                     REACH(insecure)));
}

void add_kept(std::vector<Setting>& rows) {
  constexpr std::string_view group = "What is kept";
  rows.push_back(row("history-events", group, Kind::count, live,
                     "Newest events kept of each topic, by number",
                     REACH(topic_defaults.history_events), {0, 100'000'000}));
  rows.push_back(row("history-age", group, Kind::duration, live, "Age up to which events are kept",
                     REACH(topic_defaults.history_age), {0, ns(24h * 3650)}));
  rows.push_back(row("history-bytes", group, Kind::bytes, live, "Bytes kept of each topic",
                     REACH(topic_defaults.history_bytes), {0, 1024_GiB}));
  rows.push_back(row("retain", group, Kind::count, live,
                     "Newest events of each topic that are kept past every age",
                     REACH(topic_defaults.retain), {0, 100'000'000}));
  rows.push_back(row(
      "lag", group, Kind::choice, live,
      "What becomes of a reader that history has outrun: cut (it resumes), skip (goes on after the "
      "gap) or latest (goes on with the newest)",
      REACH(topic_defaults.lag)));
  rows.push_back(row("history-total-bytes", group, Kind::bytes, fixed,
                     "Bytes kept of all topics together", REACH(history_total_bytes),
                     {0, 16384_GiB}));
  rows.push_back(row("history-topics-max", group, Kind::count, fixed,
                     "Topics remembered by name; over it the least recently used goes",
                     REACH(history_topics_max), {1, 1'000'000'000}));
}

void add_requests(std::vector<Setting>& rows) {
  constexpr std::string_view group = "Limits of requests";
  rows.push_back(row("event-bytes-max", group, Kind::bytes, live, "Largest event",
                     REACH(event_bytes_max), {1, 64_MiB}));
  rows.push_back(row("batch-bytes-max", group, Kind::bytes, live,
                     "Largest body of a batch of events", REACH(batch_bytes_max), {1, 1_GiB}));
  rows.push_back(row("head-bytes-max", group, Kind::bytes, fixed, "Largest head of a request",
                     REACH(head_bytes_max), {1_KiB, 1_MiB}));
  rows.push_back(row("topics-per-stream-max", group, Kind::count, live,
                     "Topics and patterns that one stream may ask for",
                     REACH(topics_per_stream_max), {1, 10'000}));
  rows.push_back(row("publish-rate", group, Kind::count, live,
                     "Events a second that one publisher may publish; 0: no limit",
                     REACH(publish_rate)));
  rows.push_back(row("publish-wait", group, Kind::duration, live,
                     "How long a publisher waits for slow fan-out, or for readers that fall behind "
                     "together, before it is told 503",
                     REACH(publish_wait), {0, ns(60s)}));
  rows.push_back(row("keys-max", group, Kind::count, fixed,
                     "Idempotency keys that one worker remembers", REACH(keys_max),
                     {0, 100'000'000}));
  rows.push_back(row("head-timeout", group, Kind::duration, live,
                     "Time for a whole head of a request to arrive", REACH(head_timeout),
                     {ns(100ms), ns(1h)}));
  rows.push_back(row("body-timeout", group, Kind::duration, live, "Time for a whole body to arrive",
                     REACH(body_timeout), {ns(100ms), ns(24h)}));
  rows.push_back(row("idle-timeout", group, Kind::duration, live,
                     "How long a connection may wait between two requests", REACH(idle_timeout),
                     {ns(100ms), ns(24h)}));
}

void add_streams(std::vector<Setting>& rows) {
  constexpr std::string_view group = "Limits of streams";
  rows.push_back(row("streams-max", group, Kind::count, live, "Open streams in all",
                     REACH(streams_max), {1, 100'000'000}));
  rows.push_back(row("streams-per-worker-max", group, Kind::count, fixed,
                     "Open streams of one worker; 0: what its descriptor table holds",
                     REACH(streams_per_worker_max), {0, 100'000'000}));
  rows.push_back(row("streams-per-client-max", group, Kind::count, live,
                     "Open streams of one client address (IPv6: one /64); 0: no limit",
                     REACH(streams_per_client_max)));
  rows.push_back(row("new-streams-per-second", group, Kind::count, live,
                     "New streams a second; 0: no limit", REACH(new_streams_per_second)));
  rows.push_back(row("feeds-max", group, Kind::count, fixed, "Distinct subscriptions on one worker",
                     REACH(feeds_max), {1, 100'000'000}));
  rows.push_back(row("patterns-max", group, Kind::count, fixed,
                     "Distinct subscriptions with a pattern on one worker", REACH(patterns_max),
                     {0, 100'000'000}));
  rows.push_back(row("heartbeat", group, Kind::duration, live,
                     "Silence after which a stream is sent a heartbeat", REACH(heartbeat),
                     {ns(5s), ns(60s)}));
  rows.push_back(row("retry", group, Kind::duration, live,
                     "What readers are told to wait before they come again, spread by half",
                     REACH(retry), {ns(100ms), ns(1h)}));
  rows.push_back(row("max-stream-age", group, Kind::duration, live,
                     "Age at which a stream is closed to come again, spread by a fifth; 0: never; "
                     "auto: 15m, never "
                     "on loopback",
                     REACH(max_stream_age), {0, ns(24h * 365)}));
}

void add_bus(std::vector<Setting>& rows) {
  constexpr std::string_view group = "The bus";
  rows.push_back(row("bus-slots", group, Kind::count, fixed,
                     "Events under way between publishers and workers; a power of two",
                     REACH(bus_slots), {4096, uint64_t{1} << 24}));
  rows.push_back(row("bus-bytes", group, Kind::bytes, fixed, "Bytes of events under way",
                     REACH(bus_bytes), {1_MiB, 64_GiB}));
}

#undef REACH

std::vector<Setting> make_table() {
  std::vector<Setting> rows;
  add_where(rows);
  add_machine(rows);
  add_who(rows);
  add_kept(rows);
  add_requests(rows);
  add_streams(rows);
  add_bus(rows);
  return rows;
}

}  // namespace

std::string_view value_name_of(SettingKind kind) {
  switch (kind) {
    case SettingKind::text:
    case SettingKind::list:
      return "TEXT";
    case SettingKind::count:
      return "N";
    case SettingKind::bytes:
      return "BYTES";
    case SettingKind::duration:
      return "DURATION";
    case SettingKind::on_off:
      return "on|off";
    case SettingKind::flag:
      return "";
    case SettingKind::choice:
      return "WORD";
    case SettingKind::mode:
      return "MODE";
  }
  return "";
}

std::string Setting::variable() const {
  std::string text = "FANFARE_";
  for (const char c : key) {
    text += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return text;
}

std::span<const Setting> setting_table() {
  static const std::vector<Setting> table = make_table();
  return table;
}

const Setting* find_setting_by_name(std::string_view name) {
  const auto table = setting_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found == table.end() ? nullptr : &*found;
}

const Setting* find_setting_by_key(std::string_view key) {
  const auto table = setting_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Setting& setting) { return setting.key == key; });
  return found == table.end() ? nullptr : &*found;
}

Result<Done> set_setting(Settings& settings, std::string_view name, std::string_view value) {
  const Setting* setting = find_setting_by_name(name);
  CHECK(setting != nullptr);
  if (setting->kind == SettingKind::list) return setting->parse(settings, split_list(value));
  const std::string one(value);
  return setting->parse(settings, std::span(&one, 1));
}

std::vector<std::string> changes_that_need_restart(const Settings& running,
                                                   const Settings& wanted) {
  std::vector<std::string> names;
  for (const Setting& setting : setting_table()) {
    if (setting.reload != Reload::needs_restart) continue;
    if (setting.print(running) != setting.print(wanted)) names.push_back(setting.name);
  }
  return names;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
    while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
    parts.emplace_back(part);
    if (comma == text.size()) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace fanfare
