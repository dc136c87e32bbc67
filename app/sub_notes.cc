// app/sub_notes.cc: one sentence for each reason that protocol section 2 knows, and one for the
// rest.
#include "app/sub_notes.h"

#include <fmt/core.h>

#include <algorithm>

#include "app/broker_answer.h"
#include "app/units.h"

namespace fanfare {
namespace {

struct Words {
  std::string_view reason;
  std::string_view text;
};

constexpr Words close_words[] = {
    {"drain", "the broker is going down"},
    {"lagged", "we read too slowly: history has outrun us"},
    {"expired", "our permission has expired"},
    {"kicked", "somebody closed this stream"},
    {"ended", "the topic has ended"},
    {"abandoned", "the topic was ended: its publisher vanished"},
    {"age", "the stream has reached the age that the broker allows"},
    {"busy", "the broker is busy"},
};

std::string asked_in_words(std::string_view data) {
  const auto asked = json_member(data, "asked");
  return asked && !asked->empty() ? printable(*asked) : "where we were";
}

}  // namespace

std::string time_in_words(Duration time) {
  using namespace std::chrono;
  if (time < seconds(1)) return fmt::format("{} ms", duration_cast<milliseconds>(time).count());
  const auto whole = duration_cast<seconds>(time).count();
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

std::string gap_in_words(std::string_view data, std::string_view of, std::string_view continuing,
                         const Missed& missed) {
  const std::string reason = json_member(data, "reason").value_or("");
  std::string text;
  if (reason == "expired") {
    const bool known = missed.away && missed.history && *missed.away > *missed.history;
    text = known
               ? fmt::format("{} of events on {} were no longer kept",
                             time_in_words(*missed.away - *missed.history), of)
               : fmt::format("events on {} after {} were no longer kept", of, asked_in_words(data));
    if (missed.history) text += fmt::format(" (history {})", print_duration(*missed.history));
  } else if (reason == "lagged") {
    text = fmt::format("we read too slowly, and events on {} after {} were no longer kept", of,
                       asked_in_words(data));
  } else if (reason == "epoch") {
    text = fmt::format("the broker has begun a new history since {}: events on {} may be lost",
                       asked_in_words(data), of);
  } else if (reason == "ahead") {
    text = fmt::format("the position {} lies ahead of the broker's: events on {} may be lost",
                       asked_in_words(data), of);
  } else if (reason == "malformed") {
    text = fmt::format("the position {} is not one of this broker: events on {} may be lost",
                       asked_in_words(data), of);
  } else {
    text = fmt::format("events on {} may be lost ({})", of, printable(reason));
  }
  // "first" is an id, or null where nothing is kept.
  const auto first = json_member(data, "first");
  if (first && *first != "null") {
    text += fmt::format("; continuing at {}", printable(*first));
  } else if (!continuing.empty()) {
    text += fmt::format("; continuing after {}", printable(continuing));
  }
  return "gap: " + text;
}

CloseNote read_close(std::string_view data) {
  CloseNote note;
  note.reason = printable(json_member(data, "reason").value_or(""));
  note.is_final = json_member(data, "final") == "true";
  const auto retry = parse_count(json_member(data, "retry_ms").value_or(""));
  constexpr uint64_t longest = 3'600'000;
  if (retry) note.retry = std::chrono::milliseconds(std::min(*retry, longest));
  for (const Words& words : close_words) {
    if (words.reason == note.reason) note.text = words.text;
  }
  if (note.text.empty()) note.text = fmt::format("the broker closed the stream ({})", note.reason);
  return note;
}

}  // namespace fanfare
