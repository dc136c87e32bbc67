// broker/pattern.h: a topic, or a pattern of topics: `orders/*`, `gen/**` (protocol 1).
//
// `*` is one segment that is not empty. `**`, only at the end, is one or more segments, empty ones
// too. A first segment `*` or `**` never matches a name that begins with `$`. Thread: any; an
// immutable value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/fault.h"

namespace fanfare {

// Is a segment of it exactly `*` or `**`? (Otherwise it names one topic.)
bool has_wildcard(std::string_view name);

// May this be subscribed to, or stand in a grant or policy: is it a topic or a pattern? 400
// otherwise. A `*` beside other characters is refused here although a topic may hold it: it would
// be meant as a pattern.
std::optional<Fault> check_pattern(std::string_view text);

// Both arguments must have been checked. A pattern without wildcards matches its own name.
bool pattern_matches(std::string_view pattern, std::string_view topic);

// Does `outer` match every topic that `inner` (a topic or a pattern) matches?
bool pattern_covers(std::string_view outer, std::string_view inner);

class Pattern {
 public:
  static Verdict<Pattern> parse(std::string_view text);

  const std::string& text() const { return text_; }
  bool is_exact() const { return !has_wildcard(text_); }
  bool matches(std::string_view topic) const { return pattern_matches(text_, topic); }
  bool covers(std::string_view topic_or_pattern) const {
    return pattern_covers(text_, topic_or_pattern);
  }

  friend bool operator==(const Pattern&, const Pattern&) = default;
  friend auto operator<=>(const Pattern&, const Pattern&) = default;

 private:
  explicit Pattern(std::string_view text) : text_(text) {}
  std::string text_;
};

}  // namespace fanfare
