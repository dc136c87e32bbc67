// broker/topic.cc: the rules of topic names, each with a message that says what was probably meant.
#include "broker/topic.h"

#include <fmt/core.h>

#include <string>

#include "broker/text_rules.h"
#include "net/json.h"
#include "net/utf8.h"

namespace fanfare {
namespace {

Fault bad_topic(std::string detail) {
  return {.status = 400, .slug = slug::bad_topic, .detail = std::move(detail), .field = "topic"};
}

Fault refused_segment(std::string_view name, std::string_view segment) {
  if (segment.starts_with('*')) {
    return bad_topic(fmt::format(
        "the topic {} has a segment '{}': that is a pattern, and patterns are only for subscribing",
        quoted(name), segment));
  }
  return bad_topic(
      fmt::format("the topic {} has a segment '{}', which clients and proxies would resolve away: "
                  "write the name out",
                  quoted(name), segment));
}

// What the writer of `raw` most likely meant: no slash at either end, none twice.
std::string without_empty_segments(std::string_view raw) {
  std::string out;
  for (const char c : raw) {
    if (c == '/' && (out.empty() || out.back() == '/')) continue;
    out += c;
  }
  if (out.ends_with('/')) out.pop_back();
  return out;
}

std::string unquoted(std::string_view text) {
  const std::string shown = quoted(text, topic_bytes_max * 3);
  return shown.substr(1, shown.size() - 2);
}

}  // namespace

std::optional<Fault> check_name_text(std::string_view name) {
  if (name.empty()) return bad_topic("empty topic: did your shell expand `$`? use single quotes");
  if (name.size() > topic_bytes_max) {
    return bad_topic(fmt::format("the topic {} has {} bytes; at most {} are allowed",
                                 quoted(name, 40), name.size(), topic_bytes_max));
  }
  if (!is_valid_utf8(name)) {
    return bad_topic(fmt::format("the topic {} is not valid UTF-8 at byte {}", quoted(name),
                                 find_invalid_utf8(name).value_or(0)));
  }
  if (const auto refused = find_refused_character(name)) {
    const bool line_end = refused->character == '\n' || refused->character == '\r';
    return bad_topic(fmt::format("the topic {} holds {}{}", quoted(name), refused->describe(),
                                 line_end ? ": did a line end slip in? `echo` adds one" : ""));
  }
  return std::nullopt;
}

std::optional<Fault> check_topic(std::string_view name) {
  if (auto fault = check_name_text(name)) return fault;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view segment = name.substr(begin, end - begin);
    if (segment == "." || segment == ".." || segment == "*" || segment == "**") {
      return refused_segment(name, segment);
    }
    begin = end + 1;
  }
  return std::nullopt;
}

std::optional<Fault> check_publish_topic(std::string_view name) {
  if (auto fault = check_topic(name)) return fault;
  if (!is_own_topic(name)) return std::nullopt;
  return Fault{.status = 403,
               .slug = slug::reserved_topic,
               .detail = fmt::format("the topic {} begins with '$': such topics are the broker's "
                                     "own and only it publishes to them",
                                     quoted(name)),
               .field = "topic"};
}

std::optional<Fault> check_topic_path(std::string_view raw) {
  const bool at_start = raw.starts_with('/');
  const bool twice = raw.find("//") != raw.npos;
  const bool at_end = raw.ends_with('/');
  if (!at_start && !twice && !at_end) return std::nullopt;
  const std::string meant = without_empty_segments(raw);
  if (meant.empty()) return check_topic("");
  const std::string_view what = at_start ? "begins with '/'" : twice ? "has '//'" : "ends in '/'";
  return bad_topic(fmt::format(
      "the topic {} {}: did you mean /topics/{}? If not, use /events?topic={} (\"topic\" in the "
      "body of POST /events), because proxies rewrite such paths",
      quoted(raw), what, unquoted(meant), unquoted(raw)));
}

}  // namespace fanfare
