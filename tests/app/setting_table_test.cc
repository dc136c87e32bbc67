// tests/app/setting_table_test.cc: every row has its names, prints what it reads, and refuses what
// is out of range.
#include "app/setting_table.h"

#include <gtest/gtest.h>

#include <set>

namespace fanfare {
namespace {

TEST(SettingTable, names_keys_and_variables_are_each_used_once) {
  std::set<std::string> names, keys, variables;
  for (const Setting& setting : setting_table()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_TRUE(variables.insert(setting.variable()).second) << setting.variable();
    EXPECT_FALSE(setting.help.empty());
    EXPECT_NE(setting.help.back(), '.') << setting.name;
  }
}

TEST(SettingTable, holds_every_name_that_scripts_rely_on) {
  for (const auto name :
       {"listen",          "internal",     "workers",       "engine",       "log",
        "history-events",  "history-age",  "history-bytes", "drain",        "pages",
        "socket-mode",     "socket-owner", "cors-origin",   "publish-key",  "insecure",
        "event-bytes-max", "head-timeout", "body-timeout",  "idle-timeout", "host",
        "max-stream-age"}) {
    EXPECT_NE(find_setting_by_name(name), nullptr) << name;
  }
}

TEST(SettingTable, every_row_reads_what_it_prints) {
  const Settings defaults;
  for (const Setting& setting : setting_table()) {
    if (setting.kind == SettingKind::list && setting.print(defaults).empty()) continue;
    Settings copy;
    const auto done = set_setting(copy, setting.name, setting.print(defaults));
    EXPECT_TRUE(done.has_value()) << setting.name << ": " << done.error();
    EXPECT_EQ(setting.print(copy), setting.print(defaults)) << setting.name;
  }
}

TEST(SettingTable, a_value_lands_in_its_member) {
  Settings settings;
  const auto set = [&](const char* name, const char* value) {
    const auto done = set_setting(settings, name, value);
    EXPECT_TRUE(done.has_value()) << name << ": " << done.error();
  };
  set("listen", "127.0.0.1:0, unix:/tmp/a.sock");
  set("history-age", "1h30m");
  set("lag", "skip");
  set("socket-mode", "0660");
  set("max-stream-age", "0");
  set("pages", "off");
  set("engine", "epoll");
  EXPECT_EQ(settings.listen, (std::vector<std::string>{"127.0.0.1:0", "unix:/tmp/a.sock"}));
  EXPECT_EQ(settings.topic_defaults.history_age, std::chrono::minutes(90));
  EXPECT_EQ(settings.topic_defaults.lag, LagPolicy::skip);
  EXPECT_EQ(settings.socket_mode, 0660u);
  EXPECT_EQ(settings.max_stream_age, Duration(0));
  EXPECT_EQ(settings.pages, false);
  EXPECT_EQ(settings.engine, EngineChoice::epoll);
}

std::string refusal(const char* name, const char* value) {
  Settings settings;
  const Settings before;
  const auto done = set_setting(settings, name, value);
  EXPECT_FALSE(done.has_value()) << name << " took " << value;
  const Setting* setting = find_setting_by_name(name);
  EXPECT_EQ(setting->print(settings), setting->print(before)) << "a refused value was kept";
  return done.error();
}

TEST(SettingTable, what_is_wrong_with_a_value_is_said) {
  EXPECT_EQ(refusal("workers", "65"), "65 is too much: at most 64");
  EXPECT_EQ(refusal("heartbeat", "1s"), "1s is too little: at least 5s");
  EXPECT_EQ(refusal("event-bytes-max", "65MiB"), "65MiB is too much: at most 64MiB");
  EXPECT_EQ(refusal("engine", "uring"), "'uring' is none of auto, io_uring, epoll");
  EXPECT_EQ(refusal("log-level", "loud"), "'loud' is none of debug, info, warn, error, off");
  EXPECT_EQ(refusal("socket-mode", "rw"), "'rw' is not a file mode: write it like 0660");
  EXPECT_EQ(refusal("cors-origin", "a,,b"), "an item of the list is empty");
  EXPECT_EQ(refusal("drain", "20"),
            "'20' is not a duration: write it like 250ms, 30s, 5m or 1h30m");
}

TEST(SettingTable, a_reload_can_tell_what_needs_a_restart) {
  Settings running, wanted;
  wanted.workers = 3;
  wanted.drain = std::chrono::seconds(1);  // takes effect at once
  EXPECT_EQ(changes_that_need_restart(running, wanted), std::vector<std::string>{"workers"});
  EXPECT_TRUE(changes_that_need_restart(running, running).empty());
}

TEST(SettingTable, one_value_is_not_several) {
  Settings settings;
  const std::vector<std::string> two = {"1", "2"};
  EXPECT_FALSE(find_setting_by_name("workers")->parse(settings, two).has_value());
  EXPECT_FALSE(find_setting_by_name("workers")->parse(settings, {}).has_value());
}

}  // namespace
}  // namespace fanfare
