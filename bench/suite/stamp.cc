// bench/suite/stamp.cc: writing and checking the data of events.
#include "bench/suite/stamp.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace fanfare::bench {
namespace {

constexpr uint8_t no_digit = 255;
constexpr std::size_t sequence_at = 1 + 6 + 1 + 6 + 4;  // behind the source

constexpr std::array<uint8_t, 256> make_digits() {
  std::array<uint8_t, 256> digits{};
  for (auto& digit : digits) digit = no_digit;
  for (uint8_t i = 0; i < 16; ++i) digits[static_cast<unsigned char>("0123456789abcdef"[i])] = i;
  return digits;
}
constexpr std::array<uint8_t, 256> digit_of = make_digits();

// Differs at every place, so that a piece that is missing or twice is seen.
const std::string& filler() {
  static const std::string text = [] {
    std::string made(stamp_bytes_max, 'x');
    uint32_t state = 1;
    for (char& c : made) {
      state = state * 1664525u + 1013904223u;
      c = static_cast<char>('a' + (state >> 24) % 26);
    }
    return made;
  }();
  return text;
}

void put(char*& at, uint64_t value, int digits) {
  for (int i = digits; i-- > 0; value >>= 4) at[i] = "0123456789abcdef"[value & 15];
  at += digits;
}

// Reads fields one after the other; one bad digit spoils all.
class Digits {
 public:
  explicit Digits(const char* at) : at_(at) {}
  uint64_t take(int digits) {
    uint64_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const uint8_t digit = digit_of[static_cast<unsigned char>(*at_++)];
      bad_ |= digit;
      value = value << 4 | (digit & 15u);
    }
    return value;
  }
  bool good() const { return bad_ < 16; }

 private:
  const char* at_;
  uint8_t bad_ = 0;
};

// Of the head's bytes before the sum itself.
uint16_t sum_of(const char* head) {
  uint64_t sum = 0xcbf29ce484222325u;
  std::size_t at = 1;
  for (; at + 8 <= stamp_head_bytes - 4; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, head + at, 8);
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
  }
  uint64_t rest = 0;
  std::memcpy(&rest, head + at, stamp_head_bytes - 4 - at);
  sum = (sum ^ rest) * 0x9e3779b97f4a7c15u;
  return static_cast<uint16_t>(sum >> 48);
}

}  // namespace

void write_event_data(std::string& out, const Stamp& stamp) {
  const std::size_t bytes = std::clamp<std::size_t>(stamp.bytes, stamp_bytes_min, stamp_bytes_max);
  out.resize(bytes);
  char* at = out.data();
  *at++ = stamp_begin;
  put(at, bytes, 6);
  put(at, stamp.stage, 1);
  put(at, stamp.topic, 6);
  put(at, stamp.source, 4);
  put(at, stamp.sequence, 8);
  put(at, static_cast<uint64_t>(stamp.due.time_since_epoch().count()), 16);
  put(at, sum_of(out.data()), 4);
  std::memcpy(at, filler().data(), bytes - stamp_bytes_min);
  out.back() = stamp_end;
}

std::optional<std::size_t> announced_bytes(std::string_view head) {
  Digits digits(head.data() + 1);
  const std::size_t bytes = digits.take(6);
  if (head[0] != stamp_begin || !digits.good()) return std::nullopt;
  if (bytes < stamp_bytes_min || bytes > stamp_bytes_max) return std::nullopt;
  return bytes;
}

std::optional<Stamp> read_event_data(std::string_view data) {
  if (data.size() < stamp_bytes_min || data.front() != stamp_begin || data.back() != stamp_end) {
    return std::nullopt;
  }
  Digits digits(data.data() + 1);
  Stamp stamp;
  stamp.bytes = static_cast<uint32_t>(digits.take(6));
  stamp.stage = static_cast<uint8_t>(digits.take(1));
  stamp.topic = static_cast<uint32_t>(digits.take(6));
  stamp.source = static_cast<uint32_t>(digits.take(4));
  stamp.sequence = static_cast<uint32_t>(digits.take(8));
  stamp.due = Instant(Duration(static_cast<int64_t>(digits.take(16))));
  const auto sum = static_cast<uint16_t>(digits.take(4));
  if (!digits.good() || stamp.bytes != data.size() || sum != sum_of(data.data())) {
    return std::nullopt;
  }
  const bool whole = std::memcmp(data.data() + stamp_head_bytes, filler().data(),
                                 data.size() - stamp_bytes_min) == 0;
  return whole ? std::optional(stamp) : std::nullopt;
}

std::optional<Stamp> StampReader::read(std::string_view data) {
  if (data.size() < stamp_bytes_min || data.size() > bytes_max) return read_event_data(data);
  if (lately_.empty()) lately_.resize(events);
  uint64_t sequence = 0;  // its eight digits
  std::memcpy(&sequence, data.data() + sequence_at, sizeof sequence);
  uint64_t source = 0;  // its four, and the last of the topic's
  std::memcpy(&source, data.data() + sequence_at - sizeof source, sizeof source);
  const uint64_t hash = (sequence ^ source * 0x9e3779b97f4a7c15u) * 0x9e3779b97f4a7c15u;
  Read& known = lately_[hash >> (64 - std::countr_zero(events))];
  if (known.data == data) return known.stamp;
  const std::optional<Stamp> stamp = read_event_data(data);
  if (stamp) {
    known.stamp = *stamp;
    known.data.assign(data);
  }
  return stamp;
}

}  // namespace fanfare::bench
