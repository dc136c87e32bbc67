// app/sub_notes.h: the broker's control events in words, for the person who reads along.
//
// Thread: any; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace fanfare {

// Data of fanfare.gap. `of` names what is subscribed to, `continuing` the gap's own id (empty:
// none); `away` is for how long there was no connection, if there was one before.
// What the reader knows of its absence.
struct Missed {
  std::optional<Duration> away;     // without a connection
  std::optional<Duration> history;  // how long the broker keeps events
};
std::string gap_in_words(std::string_view data, std::string_view of, std::string_view continuing,
                         const Missed& missed);

struct CloseNote {
  std::string reason;  // "drain"
  std::string text;    // in words
  bool is_final = false;
  std::optional<Duration> retry;
};
// Data of fanfare.close.
CloseNote read_close(std::string_view data);

// "37 s", "2 min 5 s", "850 ms".
std::string time_in_words(Duration time);

}  // namespace fanfare
