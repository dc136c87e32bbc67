// tests/fuzz/pattern_fuzz.cc: any bytes as patterns and topics, one a line: matching is what the
// words of the protocol say, and what a pattern covers it matches.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "broker/pattern.h"
#include "broker/topic.h"
#include "core/check.h"

namespace {

using namespace fanfare;
using Segments = std::vector<std::string_view>;

Segments split(std::string_view text) {
  Segments segments;
  while (true) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    segments.push_back(text.substr(0, slash));
    if (slash == text.size()) return segments;
    text.remove_prefix(slash + 1);
  }
}

// Slow and plain.
bool matches(std::string_view pattern, std::string_view topic) {
  const Segments p = split(pattern), t = split(topic);
  if ((p[0] == "*" || p[0] == "**") && topic.starts_with('$')) return false;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == "**") return t.size() > i;
    if (i >= t.size()) return false;
    if (p[i] == "*" ? t[i].empty() : p[i] != t[i]) return false;
  }
  return p.size() == t.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> patterns, topics;
  for (unsigned lines = 0; !in.empty() && lines < 16; ++lines) {
    const std::size_t end = std::min(in.find('\n'), in.size());
    const std::string_view name = in.substr(0, end);
    in.remove_prefix(std::min(end + 1, in.size()));
    const bool is_pattern = !check_pattern(name);
    CHECK_EQ(is_pattern, Pattern::parse(name).has_value());
    if (is_pattern) patterns.push_back(name);
    if (!check_topic(name)) topics.push_back(name);
  }
  for (const std::string_view pattern : patterns) {
    CHECK(pattern_covers(pattern, pattern));
    for (const std::string_view topic : topics) {
      const bool expected = has_wildcard(pattern) ? matches(pattern, topic) : pattern == topic;
      CHECK_EQ(pattern_matches(pattern, topic), expected);
      for (const std::string_view outer : patterns) {
        if (expected && pattern_covers(outer, pattern)) CHECK(pattern_matches(outer, topic));
      }
    }
  }
  return 0;
}
