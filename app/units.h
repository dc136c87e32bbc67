// app/units.h: amounts as people write them: "64MiB", "1h30m", "on"; read and printed.
//
// Thread: any; pure functions. What print_... makes, parse_... reads back as the same value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"

namespace fanfare {

// "4096", "4096B", "16KiB", "1MB" (a million), "2GiB". No sign, no fraction, no white space.
Result<uint64_t> parse_bytes(std::string_view text);
// With the largest binary unit that is exact.
std::string print_bytes(uint64_t bytes);

// "250ms", "30s", "5m", "1h30m", "2d"; "0" needs no unit, anything else does.
Result<Duration> parse_duration(std::string_view text);
// Whole days are printed in hours; what is finer than a millisecond is cut off.
std::string print_duration(Duration duration);

// "1000"; "1_000" and "1,000" are refused, as shells and TOML would disagree about them.
Result<uint64_t> parse_count(std::string_view text);

// "on", "true", "yes", "1" and their opposites.
Result<bool> parse_on_off(std::string_view text);

}  // namespace fanfare
