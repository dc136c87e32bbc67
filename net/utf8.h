// net/utf8.h: UTF-8, character by character: for error messages and escapes. Whole texts:
// is_valid_utf8 (net/json.h).
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fanfare {

struct Utf8Character {
  char32_t code = 0;
  std::size_t bytes = 0;  // 1..4; 0: what stands there is not valid UTF-8
};

// The character that begins at `at` (< text.size()). Surrogates, overlong forms and what is above
// U+10FFFF are invalid.
Utf8Character utf8_at(std::string_view text, std::size_t at);

// The offset of the first byte that is not part of valid UTF-8.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// Writes 1..4 bytes and says how many. `code` is a scalar value: not a surrogate, at most U+10FFFF.
std::size_t write_utf8(char32_t code, char* out);

}  // namespace fanfare
