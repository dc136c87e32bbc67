// tests/app/check_settings_test.cc: settings that contradict themselves or open the door do not
// start.
#include "app/check_settings.h"

#include <gtest/gtest.h>

#include "core/bytes.h"
#include "tests/app/temporary_file.h"

namespace fanfare {
namespace {

std::string fault(const Settings& settings) {
  const auto done = check_settings(settings);
  return done ? "none" : done.error();
}

TEST(CheckSettings, the_defaults_are_right) {
  EXPECT_EQ(fault({}), "none");
}

TEST(CheckSettings, an_open_door_is_refused_with_the_choices) {
  Settings settings;
  settings.listen = {"127.0.0.1:8080", "0.0.0.0:8080"};
  EXPECT_EQ(
      fault(settings),
      "0.0.0.0:8080 would let anyone publish. Add --publish-key FILE (reading stays free), or "
      "--insecure behind a firewall");
  settings.insecure = true;
  EXPECT_EQ(fault(settings), "none");
  settings.insecure = false;
  settings.publish_key = "/some/file";
  EXPECT_EQ(fault(settings), "none");
}

TEST(CheckSettings, loopback_and_unix_sockets_need_no_key) {
  Settings settings;
  settings.listen = {"[::1]:0", "127.0.0.1:0", "unix:/tmp/x.sock"};
  EXPECT_EQ(fault(settings), "none");
  settings.internal = "0.0.0.0:8081";  // any address is allowed
  EXPECT_EQ(fault(settings), "none");
}

TEST(CheckSettings, addresses_are_checked_and_used_once) {
  Settings settings;
  settings.listen = {"nonsense"};
  EXPECT_TRUE(fault(settings).starts_with("--listen: "));
  settings.listen = {"127.0.0.1:8080", "127.0.0.1:8080"};
  EXPECT_EQ(fault(settings), "--listen: 127.0.0.1:8080 is named twice");
  settings.listen = {"127.0.0.1:8081"};
  EXPECT_EQ(fault(settings), "--internal: 127.0.0.1:8081 is a public address as well (--listen)");
  settings.internal = "off";
  EXPECT_EQ(fault(settings), "none");
  settings.listen = {};
  EXPECT_EQ(fault(settings), "--listen: no address to serve on");
}

TEST(CheckSettings, limits_agree_with_one_another) {
  Settings settings;
  settings.event_bytes_max = 16_MiB;
  EXPECT_EQ(fault(settings), "--event-bytes-max 16MiB is more than --batch-bytes-max 8MiB");
  settings = {};
  settings.bus_bytes = 1_MiB;
  EXPECT_EQ(fault(settings), "--batch-bytes-max 8MiB is more than --bus-bytes 1MiB");
  settings = {};
  settings.bus_slots = 5000;
  EXPECT_EQ(fault(settings), "--bus-slots: 5000 is not a power of two: 8192 would be");
}

TEST(CheckSettings, anonymous_without_keys_would_deceive) {
  Settings settings;
  settings.anonymous_subscribe = {"public/**"};
  EXPECT_TRUE(fault(settings).starts_with("anonymous: without keys everything is open"));
}

TEST(CheckSettings, keys_name_patterns_and_allow_something) {
  Settings settings;
  settings.keys = {{"shop", "f", "", {}, {}}};
  EXPECT_TRUE(fault(settings).starts_with("[[key]] shop: it allows nothing"));
  settings.keys[0].publish = {"a*b"};
  EXPECT_TRUE(fault(settings).starts_with("[[key]] shop: publish: "));
}

TEST(CheckSettings, origins_have_a_scheme_and_no_path) {
  Settings settings;
  for (const auto right : {"https://a.example", "http://localhost:3000", "*"}) {
    settings.cors_origins = {right};
    EXPECT_EQ(fault(settings), "none") << right;
  }
  for (const auto wrong : {"a.example", "https://a.example/", "https://", "https://*.example"}) {
    settings.cors_origins = {wrong};
    EXPECT_TRUE(fault(settings).starts_with("--cors-origin: ")) << wrong;
  }
}

TEST(ReadSecrets, a_file_that_is_missing_empty_or_no_secret_is_named) {
  Settings settings;
  settings.publish_key = "/nonexistent/key";
  EXPECT_EQ(read_secrets(settings).error(),
            "--publish-key: cannot read /nonexistent/key: No such file or directory");
  for (const auto content : {"", " \n", "two words", "caf\xc3\xa9"}) {
    const TemporaryFile file(content);
    settings = {};
    settings.publish_key = file.path();
    EXPECT_FALSE(read_secrets(settings).has_value()) << content;
  }
}

TEST(ReadSecrets, two_keys_may_not_share_a_secret) {
  const TemporaryFile file("same\n");
  Settings settings;
  settings.keys = {{"a", file.path(), "", {"a"}, {}}, {"b", file.path(), "", {"b"}, {}}};
  EXPECT_EQ(read_secrets(settings).error(),
            "keys a and b have the same secret: each needs its own");
}

}  // namespace
}  // namespace fanfare
