// app/nearest.h: the known name that a mistyped one most likely meant.
//
// Thread: any; pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fanfare {

// Empty if none is near: at most a third of the letters (and at least two) may differ, counting a
// swap of neighbours as one.
std::string nearest_name(std::string_view wrong, std::span<const std::string> known);

// " (did you mean --history-age?)", or nothing. `prefix` ("--") is what all names begin with and
// `wrong` and `known` are given without: it says nothing about likeness.
std::string did_you_mean(std::string_view wrong, std::span<const std::string> known,
                         std::string_view prefix = {});

}  // namespace fanfare
