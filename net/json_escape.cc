// net/json_escape.cc: most text needs no escape, so eight bytes are looked at together and runs are
// appended whole.
#include "net/json_escape.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace fanfare {
namespace {

static_assert(std::endian::native == std::endian::little, "the lowest byte of a word comes first");

constexpr uint64_t ones = 0x0101010101010101u, high_bits = ones * 0x80;

// The high bit of each byte of `word` below `limit` (at most 128); exact up to the first such byte.
constexpr uint64_t bytes_below(uint64_t word, uint8_t limit) {
  return (word - ones * limit) & ~word & high_bits;
}
constexpr uint64_t bytes_equal(uint64_t word, char byte) {
  return bytes_below(word ^ (ones * static_cast<uint8_t>(byte)), 1);
}

constexpr bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// Where the first byte that needs an escape stands; text.size() if none does.
std::size_t find_escape(std::string_view text, std::size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    const uint64_t hits =
        bytes_below(word, 0x20) | bytes_equal(word, '"') | bytes_equal(word, '\\');
    if (hits != 0) return at + static_cast<std::size_t>(std::countr_zero(hits)) / 8;
  }
  while (at < text.size() && !needs_escape(text[at])) ++at;
  return at;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += hex[static_cast<unsigned char>(c) >> 4];
  out += hex[static_cast<unsigned char>(c) & 15];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0;;) {
    const std::size_t stop = find_escape(text, at);
    out.append(text, at, stop - at);
    if (stop == text.size()) break;
    append_escape(out, text[stop]);
    at = stop + 1;
  }
  out += '"';
}

}  // namespace fanfare
