// net/json_grammar.h: the small rules of JSON: what a number is, what an escape stands for.
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace fanfare {

// Is `text`, all of it, a number by RFC 8259?
bool is_json_number(std::string_view text);

// What a one-letter escape stands for ('n': a line feed); 0: there is no such escape.
char simple_json_escape(char letter);

// Does `rest` begin with the four hex digits of a \uXXXX?
bool has_hex4(std::string_view rest);

// Reads the \u escape, or pair of them, whose backslash begins `rest`; has_hex4(rest.substr(2))
// holds. 0 bytes: half a surrogate pair, which is no character.
struct UnicodeEscape {
  char32_t code = 0;
  std::size_t bytes = 0;
};
UnicodeEscape read_unicode_escape(std::string_view rest);

}  // namespace fanfare
