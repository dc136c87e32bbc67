// tests/fuzz/topic_fuzz.cc: any bytes as topics, patterns and paths; lines of the input are the
// names.
//
// The index must find what matching finds, a pattern must cover itself, and every message must be
// printable text.
#include <cstdint>
#include <string>
#include <vector>

#include "broker/interest_index.h"
#include "broker/pattern.h"
#include "broker/subscription.h"
#include "broker/text_rules.h"
#include "broker/topic.h"
#include "core/check.h"
#include "net/json.h"

namespace {

using namespace fanfare;

void check_message(const std::optional<Fault>& fault) {
  if (!fault) return;
  CHECK(!fault->detail.empty());
  CHECK(is_valid_utf8(fault->detail));
  CHECK(!find_refused_character(fault->detail));
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < 32) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  InterestIndex index;
  FeedMarks marks;
  std::vector<Subscription::Ref> feeds;
  std::vector<std::string_view> topics;
  for (const auto name : lines_of({reinterpret_cast<const char*>(data), size})) {
    check_message(check_topic_path(name));
    check_message(check_publish_topic(name));
    check_message(check_pattern(name));
    if (!check_topic(name)) topics.push_back(name);
    const auto made = Subscription::of(name);
    CHECK_EQ(made.has_value(), !check_pattern(name));
    if (!made) continue;
    CHECK(pattern_covers(name, name) == (*made)->covers(name));
    index.add(static_cast<uint32_t>(feeds.size()), **made);
    feeds.push_back(*made);
  }
  for (const std::string_view topic : topics) {
    std::vector<uint32_t> found;
    marks.next_event();
    index.match(topic, topic_hash(topic), marks, found);
    std::size_t expected = 0;
    for (const auto& feed : feeds) expected += feed->matches(topic) ? 1 : 0;
    CHECK_EQ(found.size(), expected);
  }
  for (uint32_t feed = 0; feed < feeds.size(); ++feed) index.remove(feed, *feeds[feed]);
  CHECK_EQ(index.pattern_node_count() + index.exact_topic_count(), 0U);
  return 0;
}
