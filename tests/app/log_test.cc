// tests/app/log_test.cc: both forms of a line, that nothing can forge one, and that a flood is held
// back and told.
#include "app/log.h"

#include <gtest/gtest.h>

#include "net/json.h"

namespace fanfare {
namespace {

using namespace std::chrono_literals;

constexpr WallTime moment{std::chrono::microseconds(1'795'516'200'123'456)};

std::string text_line(LogFields fields) {
  return format_log_line(LogFormat::text, moment, LogLevel::info, "broker.started", fields);
}
std::string json_line(LogFields fields) {
  return format_log_line(LogFormat::json, moment, LogLevel::warn, "broker.started", fields);
}

TEST(Log, text_is_for_people) {
  EXPECT_EQ(text_line({{"engine", "io_uring"}, {"workers", 2}, {"ok", true}, {"why", "no ring"}}),
            "2026-11-24T10:30:00.123Z info  broker.started engine=io_uring workers=2 ok=true "
            "why=\"no ring\"");
}

TEST(Log, json_is_for_machines) {
  EXPECT_EQ(json_line({{"engine", "io_uring"}, {"workers", 2u}, {"took", 1500ms}, {"ok", false}}),
            R"({"time":"2026-11-24T10:30:00.123Z","level":"warn","event":"broker.started",)"
            R"("engine":"io_uring","workers":2,"took":1500,"ok":false})");
}

TEST(Log, a_peers_text_can_forge_neither_a_line_nor_json) {
  const std::string evil = "a\nb\x1b[31m\"\xff\u202e";
  const std::string text = text_line({{"name", evil}});
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_TRUE(is_valid_utf8(text));
  const std::string json = json_line({{"name", evil}});
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_TRUE(is_valid_utf8(json));
  EXPECT_NE(json.find(R"(a\nb)"), std::string::npos) << json;
}

TEST(Log, writes_what_its_level_allows_to_standard_error) {
  set_log(LogFormat::text, "warn");
  testing::internal::CaptureStderr();
  log_info("not.this");
  log_warn("but.this", {{"n", 1}});
  EXPECT_NE(testing::internal::GetCapturedStderr().find("warn  but.this n=1\n"), std::string::npos);
  set_log(LogFormat::text, "off");
  EXPECT_FALSE(log_enabled(LogLevel::error));
  set_log(LogFormat::text, "info");
}

TEST(LogLimit, holds_back_a_flood_and_counts_it) {
  LogLimit limit(2, 10s);
  uint64_t suppressed = 0;
  const Instant start{1h};
  EXPECT_TRUE(limit.admit(start, suppressed));
  EXPECT_TRUE(limit.admit(start + 1s, suppressed));
  EXPECT_FALSE(limit.admit(start + 2s, suppressed));
  EXPECT_FALSE(limit.admit(start + 9s, suppressed));
  EXPECT_TRUE(limit.admit(start + 10s, suppressed));
  EXPECT_EQ(suppressed, 2u);
  EXPECT_TRUE(limit.admit(start + 11s, suppressed));
  EXPECT_EQ(suppressed, 0u);
}

}  // namespace
}  // namespace fanfare
