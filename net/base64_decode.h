// net/base64_decode.h: reads base64 (RFC 4648, the standard alphabet, padded), strictly.
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fanfare {

// The most bytes that `text` can stand for.
constexpr std::size_t base64_decoded_max(std::string_view text) {
  return text.size() / 4 * 3;
}

// Writes what `text` stands for to `out` (room for base64_decoded_max) and says how many bytes.
// nullopt: it is not base64: another character (white space too), missing padding, or bits left
// over.
std::optional<std::size_t> decode_base64(std::string_view text, char* out);

}  // namespace fanfare
