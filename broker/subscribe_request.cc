// broker/subscribe_request.cc: reading the query of a subscription.
#include "broker/subscribe_request.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/core.h>

#include "broker/text_rules.h"

namespace fanfare {
namespace {

constexpr std::size_t asked_bytes_max = 256;  // of a malformed id that is said again

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return {};
  return value;
}

Fault bad_parameter(std::string_view name, std::string detail) {
  Fault fault;
  fault.slug = slug::bad_parameter;
  fault.detail = std::move(detail);
  fault.field = field_name(name);
  return fault;
}

// Collects the parameters; each at most once, but for `topic`.
struct Reader {
  OpenStream open;
  std::vector<std::string_view> topics;
  std::string_view last_event_id, since, last;
  std::vector<std::string_view> seen;

  std::optional<Fault> read(const QueryParameter& p, bool path_names_topic);
  std::optional<Fault> read_switch(const QueryParameter& p);
};

std::optional<Fault> only(const QueryParameter& p, std::string_view allowed) {
  if (p.value == allowed) return {};
  return bad_parameter(p.name, fmt::format("{}={} is not known: use {}={}, or leave it out", p.name,
                                           p.value, p.name, allowed));
}

std::optional<Fault> Reader::read_switch(const QueryParameter& p) {
  if (p.name == "hello" || p.name == "envelope" || p.name == "position") {
    if (p.value.empty()) return {};
    if (p.value != "0" && p.value != "1") {
      return bad_parameter(p.name, fmt::format("{} must be 0 or 1, not '{}'", p.name, p.value));
    }
    const bool on = p.value == "1";
    if (p.name == "hello") open.opening.hello = on;
    if (p.name == "envelope") open.format.envelope = on ? Envelope::json : Envelope::none;
    if (p.name == "position") open.beacons = on;
    return {};
  }
  if (p.name == "fields") {
    if (p.value.empty()) return {};
    open.format.topic_field = TopicField::shown;
    return only(p, "topic");
  }
  if (p.name == "beat") {
    if (p.value.empty()) return {};
    open.beat_event = true;
    return only(p, "event");
  }
  return bad_parameter(p.name,
                       fmt::format("unknown query parameter '{}': the known ones are topic, "
                                   "last_event_id, since, last, heartbeat, position, beat, "
                                   "hello, envelope and fields; names that begin with _ are "
                                   "passed over",
                                   p.name));
}

std::optional<Fault> Reader::read(const QueryParameter& p, bool path_names_topic) {
  if (p.name.starts_with('_')) return {};
  if (p.name == "topic") {
    if (path_names_topic) {
      return bad_parameter("topic",
                           "the topic is in the path: for several topics use "
                           "/events?topic=a&topic=b");
    }
    topics.push_back(p.value);
    return {};
  }
  if (std::find(seen.begin(), seen.end(), p.name) != seen.end()) {
    return bad_parameter(p.name, fmt::format("query parameter '{}' is given twice", p.name));
  }
  seen.push_back(p.name);
  if (p.name == "last_event_id") {
    last_event_id = p.value;
  } else if (p.name == "since") {
    since = p.value;
  } else if (p.name == "last") {
    last = p.value;
  } else if (p.name == "heartbeat") {
    if (p.value.empty()) return {};
    const auto seconds = number_of<uint32_t>(p.value);
    if (!seconds || *seconds < 5 || *seconds > 60) {
      return bad_parameter("heartbeat",
                           fmt::format("heartbeat must be 5 to 60 seconds, not '{}'", p.value));
    }
    open.heartbeat_s = static_cast<uint8_t>(*seconds);
  } else {
    return read_switch(p);
  }
  return {};
}

// What an id means to this broker now.
void start_after_id(OpenStream& open, std::string_view text, Epoch epoch, EventNumber tail) {
  open.replay = true;
  open.opening.asked = valid_text(text.substr(0, asked_bytes_max));
  open.opening.position_given = true;
  const std::optional<EventId> id = EventId::parse(text);
  if (!id) {
    open.opening.forced_gap = GapReason::malformed;
  } else if (id->epoch != epoch) {
    open.opening.forced_gap = GapReason::epoch;
  } else if (id->number > tail) {
    open.opening.forced_gap = GapReason::ahead;
  } else {
    open.at.rule = StartRule::position;
    open.at.after = id->number;
    return;
  }
  open.at.rule = StartRule::earliest;
}

std::optional<Fault> read_start(Reader& reader, std::string_view header, Epoch epoch,
                                EventNumber tail, WallTime now) {
  OpenStream& open = reader.open;
  // All are checked, also those that another one overrules: a typo must not hide.
  std::optional<WallTime> since;
  if (!reader.since.empty() && reader.since != "earliest") {
    since = parse_since(reader.since, now);
    if (!since) {
      return bad_parameter("since",
                           fmt::format("since must be a time such as 30s, 5m or 2h, an RFC 3339 "
                                       "time such as 2030-01-02T03:04:05Z, or earliest, not '{}'",
                                       reader.since));
    }
  }
  std::optional<uint32_t> newest;
  if (!reader.last.empty()) {
    newest = number_of<uint32_t>(reader.last);
    if (!newest) {
      return bad_parameter("last",
                           fmt::format("last must be a number of events, not '{}'", reader.last));
    }
  }
  if (!header.empty()) {
    start_after_id(open, header, epoch, tail);
  } else if (!reader.last_event_id.empty()) {
    start_after_id(open, reader.last_event_id, epoch, tail);
  } else if (!reader.since.empty()) {
    open.replay = true;
    open.at.rule = since ? StartRule::since : StartRule::earliest;
    if (since) open.at.since = *since;
  } else if (newest && *newest > 0) {
    open.replay = true;
    open.at.rule = StartRule::newest;
    open.at.newest = *newest;
  }
  return {};
}

}  // namespace

Verdict<OpenStream> read_subscribe(const SubscribeRequest& request, const SubscribeLimits& limits,
                                   Epoch epoch, EventNumber tail, WallTime now) {
  Reader reader;
  reader.open.heartbeat_s = limits.heartbeat_s;
  reader.topics.assign(request.path_topics.begin(), request.path_topics.end());
  for (const QueryParameter& p : request.query) {
    if (const auto fault = reader.read(p, !request.path_topics.empty())) return *fault;
  }
  if (reader.topics.empty()) {
    return bad_parameter("topic",
                         "no topic: use /events?topic=NAME, once for each topic or pattern");
  }
  auto subscription = Subscription::of(reader.topics, limits.topics_per_stream_max);
  if (!subscription) return subscription.fault();
  if (const auto fault = read_start(reader, request.last_event_id, epoch, tail, now)) return *fault;

  OpenStream& open = reader.open;
  open.subscription = *subscription;
  open.format.encoding = request.encoding;
  open.format.framing = request.framing;
  if (request.encoding != Encoding::sse) {  // these two are of SSE alone
    open.format.envelope = Envelope::none;
    open.format.topic_field = TopicField::none;
  }
  return std::move(open);
}

namespace {

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  // 2030-01-02T03:04:05[.123456](Z|+01:00)
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return {};
  }
  const auto year = number_of<int>(text.substr(0, 4));
  const auto month = number_of<unsigned>(text.substr(5, 2)),
             day = number_of<unsigned>(text.substr(8, 2));
  const auto hour = number_of<unsigned>(text.substr(11, 2)),
             minute = number_of<unsigned>(text.substr(14, 2)),
             second = number_of<unsigned>(text.substr(17, 2));
  if (!year || !month || !day || !hour || !minute || !second) return {};
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return {};
  WallTime time = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                  std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    std::size_t digits = 0;
    int64_t micros = 0, unit = 100'000;
    for (; 1 + digits < rest.size() && rest[1 + digits] >= '0' && rest[1 + digits] <= '9';
         ++digits) {
      micros += unit * (rest[1 + digits] - '0');
      unit /= 10;
    }
    if (digits == 0) return {};
    time += std::chrono::microseconds(micros);
    rest.remove_prefix(1 + digits);
  }
  if (rest == "Z" || rest == "z") return time;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return {};
  const auto offset_hours = number_of<unsigned>(rest.substr(1, 2)),
             offset_minutes = number_of<unsigned>(rest.substr(4, 2));
  if (!offset_hours || !offset_minutes || *offset_hours > 23 || *offset_minutes > 59) return {};
  const auto offset = std::chrono::hours(*offset_hours) + std::chrono::minutes(*offset_minutes);
  return rest[0] == '+' ? time - offset : time + offset;
}

}  // namespace

std::optional<WallTime> parse_since(std::string_view text, WallTime now) {
  if (text.size() >= 2 && text.size() <= 10) {
    const auto amount = number_of<uint32_t>(text.substr(0, text.size() - 1));
    if (amount) {
      switch (text.back()) {
        case 's':
          return now - std::chrono::seconds(*amount);
        case 'm':
          return now - std::chrono::minutes(*amount);
        case 'h':
          return now - std::chrono::hours(*amount);
        case 'd':
          // Longer ago than any clock's beginning is all the same, and must not overflow.
          return now - std::chrono::hours(24) * int64_t{std::min(*amount, 1'000'000u)};
        default:
          break;
      }
    }
  }
  return parse_rfc3339(text);
}

}  // namespace fanfare
