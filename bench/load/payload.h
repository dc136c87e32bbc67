// bench/load/payload.h: what measured events carry: the time they were made, and one mark to count
// them by.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "core/histogram.h"
#include "core/time.h"

namespace fanfare::bench {

// Stands once in an event, as the last byte of its data, and nowhere else in a stream.
constexpr char payload_mark = '~';
constexpr std::size_t stamp_digits = 16;
constexpr std::size_t payload_bytes_min = stamp_digits + 1;

// Hexadecimal nanoseconds of the monotonic clock, which all processes of a machine share.
inline void write_stamp(char* out, Instant at) {
  auto rest = static_cast<uint64_t>(at.time_since_epoch().count());
  for (std::size_t i = stamp_digits; i-- > 0; rest >>= 4) out[i] = "0123456789abcdef"[rest & 15];
}

inline Instant read_stamp(const char* digits) {
  uint64_t value = 0;
  for (std::size_t i = 0; i < stamp_digits; ++i) {
    const auto digit = static_cast<unsigned char>(digits[i]);
    value = value << 4 | static_cast<uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return Instant(Duration(static_cast<int64_t>(value)));
}

inline std::string make_payload(std::size_t bytes) {
  std::string data(bytes < payload_bytes_min ? payload_bytes_min : bytes, 'x');
  data.back() = payload_mark;
  write_stamp(data.data(), monotonic_now());
  return data;
}

// Counts events in the bytes of many streams and times one in 64 that lies whole in one read.
class PayloadCounter {
 public:
  explicit PayloadCounter(std::size_t payload_bytes) : payload_bytes_(payload_bytes) {}

  uint32_t count(std::string_view bytes) {
    uint32_t found = 0;
    const char* const end = bytes.data() + bytes.size();
    for (const char* at = bytes.data(); at < end; ++at) {
      at = static_cast<const char*>(
          std::memchr(at, payload_mark, static_cast<std::size_t>(end - at)));
      if (at == nullptr) break;
      ++found;
      const auto before = static_cast<std::size_t>(at - bytes.data()) + 1;
      if ((seen_++ & 63) == 0 && before >= payload_bytes_) {
        latency_.record(monotonic_now() - read_stamp(at + 1 - payload_bytes_));
      }
    }
    return found;
  }

  const Histogram& latency() const { return latency_; }
  void clear_latency() { latency_.clear(); }

 private:
  const std::size_t payload_bytes_;
  uint64_t seen_ = 0;
  Histogram latency_;
};

}  // namespace fanfare::bench
