// broker/pattern.cc: patterns, segment by segment.
#include "broker/pattern.h"

#include <fmt/core.h>

#include "broker/text_rules.h"
#include "broker/topic.h"

namespace fanfare {
namespace {

// The segments of a name, one after the other. "a//b" has three, "" has one.
class Segments {
 public:
  explicit Segments(std::string_view name) : rest_(name) {}

  bool at_end() const { return done_; }
  std::string_view next() {
    const std::size_t slash = rest_.find('/');
    const std::string_view segment = rest_.substr(0, slash);
    done_ = slash == rest_.npos;
    if (!done_) rest_.remove_prefix(slash + 1);
    return segment;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

Fault bad_pattern(std::string_view text, std::string_view what) {
  return {.status = 400,
          .slug = slug::bad_pattern,
          .detail = fmt::format("the pattern {} {}", quoted(text), what),
          .field = "topic"};
}

bool is_wildcard(std::string_view segment) {
  return segment == "*" || segment == "**";
}

// A wildcard at the very start passes the broker's own names by.
bool hides_own_names(std::string_view pattern, std::string_view name) {
  return name.starts_with('$') && pattern.starts_with('*');
}

bool segment_covers(std::string_view outer, std::string_view inner) {
  return outer == inner || (outer == "*" && !inner.empty() && inner != "**");
}

}  // namespace

bool has_wildcard(std::string_view name) {
  if (name.find('*') == name.npos) return false;
  for (Segments segments(name); !segments.at_end();) {
    if (is_wildcard(segments.next())) return true;
  }
  return false;
}

std::optional<Fault> check_pattern(std::string_view text) {
  if (text.find('*') == text.npos) return check_topic(text);
  if (auto fault = check_name_text(text)) return fault;
  for (Segments segments(text); !segments.at_end();) {
    const std::string_view segment = segments.next();
    if (segment == "." || segment == "..") return bad_pattern(text, "has a segment '.' or '..'");
    if (segment == "**" && !segments.at_end()) {
      return bad_pattern(text, "has '**' before its end: '**' stands only as the last segment");
    }
    if (!is_wildcard(segment) && segment.find('*') != segment.npos) {
      return bad_pattern(text,
                         "has '*' beside other characters: '*' stands only as a whole segment, "
                         "as in orders/*");
    }
  }
  return std::nullopt;
}

bool pattern_matches(std::string_view pattern, std::string_view topic) {
  if (hides_own_names(pattern, topic)) return false;
  Segments wanted(pattern);
  Segments given(topic);
  while (!wanted.at_end() && !given.at_end()) {
    const std::string_view segment = wanted.next();
    if (segment == "**") return true;
    const std::string_view here = given.next();
    if (segment == "*" ? here.empty() : segment != here) return false;
  }
  return wanted.at_end() && given.at_end();
}

// The same walk with a pattern in the topic's place: `*` inside stands for any one segment, `**`
// for any number.
bool pattern_covers(std::string_view outer, std::string_view inner) {
  if (hides_own_names(outer, inner)) return false;
  Segments wanted(outer);
  Segments given(inner);
  while (!wanted.at_end() && !given.at_end()) {
    const std::string_view segment = wanted.next();
    if (segment == "**") return true;
    if (!segment_covers(segment, given.next())) return false;
  }
  return wanted.at_end() && given.at_end();
}

Verdict<Pattern> Pattern::parse(std::string_view text) {
  if (auto fault = check_pattern(text)) return *std::move(fault);
  return Pattern(text);
}

}  // namespace fanfare
