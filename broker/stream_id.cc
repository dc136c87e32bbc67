// broker/stream_id.cc: stream ids from and to text.
#include "broker/stream_id.h"

#include <charconv>
#include <cstring>

#include "core/check.h"

namespace fanfare {
namespace {

void append_hex(std::string& out, Bytes bytes) {
  for (const std::byte b : bytes) {
    out += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
    out += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
  }
}

// worker (8 bits), slot (24), generation (32)
uint64_t place_of(uint32_t worker, Slot slot) {
  CHECK_LT(worker, 1u << 8);
  CHECK_LT(slot.index, 1u << 24);
  return uint64_t{worker} << 56 | uint64_t{slot.index} << 32 | slot.generation;
}

std::array<std::byte, 8> bytes_of_place(uint64_t place) {
  std::array<std::byte, 8> bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(place >> (56 - 8 * i));
  return bytes;
}

}  // namespace

Mac128 StreamIds::mac(uint64_t place) const {
  return mac_of(key_, bytes_of_place(place));
}

std::string StreamIds::text(uint32_t worker, Slot slot) const {
  const uint64_t place = place_of(worker, slot);
  std::string out;
  append_hex(out, bytes_of_place(place));
  append_hex(out, mac(place));
  return out;
}

std::optional<StreamAddress> StreamIds::parse(std::string_view text) const {
  if (text.size() != stream_id_bytes) return {};
  uint64_t place = 0;
  const auto end = std::from_chars(text.data(), text.data() + 16, place, 16);
  if (end.ec != std::errc() || end.ptr != text.data() + 16) return {};
  std::string expected;
  append_hex(expected, bytes_of_place(place));
  append_hex(expected, mac(place));
  if (!same_secret(expected, text)) return {};
  const Slot slot{static_cast<uint32_t>(place >> 32) & 0xffffff, static_cast<uint32_t>(place)};
  return StreamAddress{static_cast<uint32_t>(place >> 56), slot};
}

}  // namespace fanfare
