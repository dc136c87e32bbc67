// net/base64_decode.cc: four characters, three bytes.
#include "net/base64_decode.h"

#include <array>
#include <cstdint>

namespace fanfare {
namespace {

constexpr uint8_t no_value = 0xFF;

constexpr std::array<uint8_t, 256> make_values() {
  std::array<uint8_t, 256> values{};
  values.fill(no_value);
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}

constexpr auto values = make_values();

}  // namespace

std::optional<std::size_t> decode_base64(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::size_t written = 0;
  uint32_t bits = 0;
  unsigned held = 0;  // how many of `bits` are not written yet
  for (const char c : text) {
    const uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == no_value) return std::nullopt;
    bits = (bits << 6) | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out[written++] = static_cast<char>(bits >> held);
    bits &= (1U << held) - 1;
  }
  if (bits != 0) return std::nullopt;
  return written;
}

}  // namespace fanfare
