// broker/event_number.h: the number that orders all events, and the id that readers see of it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace fanfare {

// An event's place in the one order of the bus; 0 is the place before the first. Numbers rise and
// may have holes.
struct EventNumber {
  uint64_t value = 0;
  friend auto operator<=>(EventNumber, EventNumber) = default;
  EventNumber next() const { return {value + 1}; }
  EventNumber previous() const { return {value == 0 ? 0 : value - 1}; }
  friend std::ostream& operator<<(std::ostream& out, EventNumber n) { return out << n.value; }
};

// One life of the log: 64 random bits, written as 16 hex digits.
struct Epoch {
  uint64_t value = 0;
  friend bool operator==(Epoch, Epoch) = default;
};

// `<epoch>-<number>`, at most 40 bytes.
struct EventId {
  Epoch epoch;
  EventNumber number;

  static std::optional<EventId> parse(std::string_view text);
  std::string text() const;
};

constexpr std::size_t event_id_bytes_max = 16 + 1 + 20;

// Writes an id's text into `out` (event_id_bytes_max bytes at least); returns its length.
std::size_t write_event_id(char* out, EventId id);
void append_event_id(std::string& out, EventId id);

}  // namespace fanfare
