// bench/suite/stamp.h: what every event of a measurement carries: who published it as which, when
// it was due, and bytes that show whether it came whole.
//
// Pure functions, and a reader that remembers. The data of an event is ASCII without quotes or
// escapes, so that JSON around it changes nothing:
//
//     ^ size(6) stage(1) topic(6) source(4) sequence(8) due(16) sum(4) filler ~
//
// all numbers hexadecimal, due in nanoseconds of the monotonic clock, which all processes of a
// machine share. `^` and `~` stand nowhere else in a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace fanfare::bench {

struct Stamp {
  uint32_t bytes = 0;     // of the whole data
  uint8_t stage = 0;      // of the measurement, 0..15
  uint32_t topic = 0;     // its place in its group
  uint32_t source = 0;    // which of the topic's publishers
  uint32_t sequence = 0;  // of this source in this topic, from 0
  Instant due{};          // when it should have been published
};

constexpr char stamp_begin = '^';
constexpr char stamp_end = '~';
constexpr std::size_t stamp_head_bytes = 1 + 6 + 1 + 6 + 4 + 8 + 16 + 4;
constexpr std::size_t stamp_bytes_min = stamp_head_bytes + 1;
constexpr std::size_t stamp_bytes_max = 1u << 22;

// Replaces `out` by the data of one event; `stamp.bytes` is raised to the smallest possible.
void write_event_data(std::string& out, const Stamp& stamp);

// The size that a head announces; nothing if it is no head. `head` holds stamp_head_bytes at least.
std::optional<std::size_t> announced_bytes(std::string_view head);

// The stamp of data that is here from its first to its last byte; nothing if a byte is not as it
// was.
std::optional<Stamp> read_event_data(std::string_view data);

// Reads what mostly came a moment ago to another stream of the process: that is compared, byte for
// byte, with what was found whole then, in a third of the time. Not for several threads.
class StampReader {
 public:
  std::optional<Stamp> read(std::string_view data);

 private:
  static constexpr std::size_t events = 2048;  // a power of two
  static constexpr std::size_t bytes_max = 1024;
  struct Read {
    Stamp stamp;
    std::string data;
  };
  std::vector<Read> lately_;  // by its topic, source and sequence; made with the first
};

}  // namespace fanfare::bench
