// app/toml_settings.cc: names are looked up in the table; what is not there is an error with its
// line.
#include "app/toml_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "app/nearest.h"

namespace fanfare {
namespace {

// Names of [[key]], and of [[topic]] with the row of the table that reads each.
constexpr std::array<std::string_view, 4> key_names = {"name", "secret_file", "publish",
                                                       "subscribe"};
constexpr std::array<std::string_view, 8> topic_names = {
    "match", "history_events",  "history_bytes", "history_age", "retain",
    "lag",   "event_bytes_max", "anonymous"};

std::string place_of(std::string_view file, uint32_t line) {
  return fmt::format("{}:{}", file, line);
}

Error at(std::string_view file, uint32_t line, std::string_view what) {
  return Error{fmt::format("{}: {}", place_of(file, line), what)};
}

std::vector<std::string> known_keys() {
  std::vector<std::string> known = {"key", "topic", "anonymous"};
  for (const Setting& setting : setting_table()) known.push_back(setting.key);
  return known;
}

bool fits(SettingKind kind, TomlKind given) {
  switch (kind) {
    case SettingKind::bytes:
    case SettingKind::count:
      return given == TomlKind::integer || given == TomlKind::text;
    case SettingKind::on_off:
    case SettingKind::flag:
      return given == TomlKind::boolean || given == TomlKind::text;
    case SettingKind::mode:
      return given == TomlKind::octal || given == TomlKind::text;
    case SettingKind::duration:
    case SettingKind::text:
    case SettingKind::list:
    case SettingKind::choice:
      return given == TomlKind::text;
  }
  return false;
}

std::string_view example_of(SettingKind kind) {
  switch (kind) {
    case SettingKind::bytes:
      return "an amount of bytes like \"64MiB\" or 4096";
    case SettingKind::count:
      return "a whole number";
    case SettingKind::on_off:
    case SettingKind::flag:
      return "true or false";
    case SettingKind::mode:
      return "a file mode like \"0660\"";
    case SettingKind::duration:
      return "a duration in quotes like \"30s\" or \"5m\"";
    case SettingKind::list:
      return "a list of texts like [\"a\", \"b\"]";
    case SettingKind::text:
    case SettingKind::choice:
      return "a text in quotes";
  }
  return "another value";
}

// The texts that a row's parse takes, or what the value should have been.
Result<std::vector<std::string>> texts_of(SettingKind kind, const TomlValue& value) {
  std::vector<std::string> texts;
  const bool is_list = kind == SettingKind::list && value.kind == TomlKind::list;
  const auto items = is_list ? std::span(value.items) : std::span(&value, 1);
  for (const TomlValue& item : items) {
    if (!fits(kind, item.kind)) {
      return Error{fmt::format("it is {}, and should be {}", name_of(item.kind), example_of(kind))};
    }
    texts.push_back(item.text);
  }
  return texts;
}

Result<Done> set_row(const Setting& row, std::string_view shown, const TomlMember& member,
                     std::string_view file, Settings& settings) {
  const auto texts = texts_of(row.kind, member.value);
  if (!texts) return at(file, member.line, fmt::format("{}: {}", shown, texts.error()));
  const auto done = row.parse(settings, *texts);
  if (!done) return at(file, member.line, fmt::format("{}: {}", shown, done.error()));
  return Done();
}

Error unknown_key(const TomlMember& member, std::string_view shown, std::string_view file,
                  std::span<const std::string> known) {
  return at(file, member.line,
            fmt::format("the key '{}' is not known{}", shown, did_you_mean(shown, known)));
}

Result<Done> apply_member(const TomlMember& member, const std::string& path, std::string_view file,
                          Settings& settings, const SettingSeen& seen) {
  const Setting* row = find_setting_by_key(path);
  if (row == nullptr) return unknown_key(member, path, file, known_keys());
  auto done = set_row(*row, path, member, file, settings);
  if (done) seen(*row, place_of(file, member.line));
  return done;
}

Result<Done> apply_anonymous(const TomlMember& member, std::string_view file, Settings& settings,
                             const SettingSeen& seen) {
  if (member.value.kind != TomlKind::table) {
    return at(file, member.line, "anonymous: write it like {subscribe = [\"public/**\"]}");
  }
  for (const TomlMember& inner : member.value.members) {
    auto done = apply_member(inner, "anonymous." + inner.name, file, settings, seen);
    if (!done) return done;
  }
  return Done();
}

template <std::size_t n>
Result<Done> check_names(const TomlValue& table, std::string_view of, std::string_view file,
                         const std::array<std::string_view, n>& names) {
  const std::vector<std::string> known(names.begin(), names.end());
  for (const TomlMember& member : table.members) {
    if (std::find(known.begin(), known.end(), member.name) != known.end()) continue;
    return at(file, member.line,
              fmt::format("the key '{}' is not known in [[{}]]{}", member.name, of,
                          did_you_mean(member.name, known)));
  }
  return Done();
}

// Reads a text or a list of them into `into`, if the member is there.
Result<Done> read_texts(const TomlValue& table, std::string_view name, SettingKind kind,
                        std::string_view file, std::vector<std::string>& into) {
  const TomlValue* value = table.find(name);
  if (value == nullptr) return Done();
  auto texts = texts_of(kind, *value);
  if (!texts) return at(file, value->line, fmt::format("{}: {}", name, texts.error()));
  into = std::move(*texts);
  return Done();
}

Result<KeySetting> read_key(const TomlValue& table, std::string_view file) {
  if (auto done = check_names(table, "key", file, key_names); !done) return Error{done.error()};
  KeySetting key;
  std::vector<std::string> name, secret_file;
  for (const auto& done :
       {read_texts(table, "name", SettingKind::text, file, name),
        read_texts(table, "secret_file", SettingKind::text, file, secret_file),
        read_texts(table, "publish", SettingKind::list, file, key.publish),
        read_texts(table, "subscribe", SettingKind::list, file, key.subscribe)}) {
    if (!done) return Error{done.error()};
  }
  key.name = name.empty() ? place_of(file, table.line) : name[0];
  if (secret_file.empty() || secret_file[0].empty()) {
    return at(file, table.line, "a [[key]] needs secret_file = \"FILE\"");
  }
  key.secret_file = secret_file[0];
  return key;
}

Result<PolicyRule> read_topic(const TomlValue& table, std::string_view file,
                              const TopicPolicy& defaults) {
  if (auto done = check_names(table, "topic", file, topic_names); !done) {
    return Error{done.error()};
  }
  Settings scratch;  // the table's rows read into it
  scratch.topic_defaults = defaults;
  PolicyRule rule;
  std::optional<bool> anonymous;
  std::optional<std::size_t> event_bytes_max;
  for (const TomlMember& member : table.members) {
    if (member.name == "match") {
      if (member.value.kind != TomlKind::text) {
        return at(file, member.line, "match: it should be a topic or a pattern in quotes");
      }
      rule.match = member.value.text;
    } else if (member.name == "anonymous") {
      if (member.value.kind != TomlKind::boolean) {
        return at(file, member.line, "anonymous: in a [[topic]] it is true or false");
      }
      anonymous = member.value.text == "on";
    } else {
      const auto done =
          set_row(*find_setting_by_key(member.name), member.name, member, file, scratch);
      if (!done) return Error{done.error()};
      if (member.name == "event_bytes_max") event_bytes_max = scratch.event_bytes_max;
    }
  }
  if (rule.match.empty()) {
    return at(file, table.line, "a [[topic]] needs match = \"a topic or a pattern\"");
  }
  rule.policy = scratch.topic_defaults;
  rule.policy.anonymous = anonymous;
  rule.policy.event_bytes_max = event_bytes_max;
  return rule;
}

// The tables of `[[name]]`.
Result<std::vector<const TomlValue*>> tables_of(const TomlValue& root, std::string_view name,
                                                std::string_view file) {
  std::vector<const TomlValue*> tables;
  const TomlValue* list = root.find(name);
  if (list == nullptr) return tables;
  const auto misplaced = at(file, list->line, fmt::format("write it as [[{}]]", name));
  if (list->kind != TomlKind::list) return misplaced;
  for (const TomlValue& item : list->items) {
    if (item.kind != TomlKind::table) return misplaced;
    tables.push_back(&item);
  }
  return tables;
}

}  // namespace

Result<Done> apply_toml(const TomlValue& root, std::string_view file, Settings& settings,
                        const SettingSeen& seen) {
  for (const TomlMember& member : root.members) {
    if (member.name == "key" || member.name == "topic") continue;
    auto done = member.name == "anonymous"
                    ? apply_anonymous(member, file, settings, seen)
                    : apply_member(member, member.name, file, settings, seen);
    if (!done) return done;
  }
  return Done();
}

Result<Done> apply_toml_rules(const TomlValue& root, std::string_view file, Settings& settings) {
  const auto keys = tables_of(root, "key", file);
  if (!keys) return Error{keys.error()};
  for (const TomlValue* table : *keys) {
    auto key = read_key(*table, file);
    if (!key) return Error{key.error()};
    settings.keys.push_back(std::move(*key));
  }
  const auto topics = tables_of(root, "topic", file);
  if (!topics) return Error{topics.error()};
  for (const TomlValue* table : *topics) {
    auto rule = read_topic(*table, file, settings.topic_defaults);
    if (!rule) return Error{rule.error()};
    // Checked here because here the line is known.
    if (const auto fault = check_pattern(rule->match)) {
      return at(file, table->line, fmt::format("match: {}", fault->detail));
    }
    settings.topics.push_back(std::move(*rule));
  }
  return Done();
}

}  // namespace fanfare
