// net/json_escape.h: text as a JSON string, in quotes.
//
// Escapes what RFC 8259 demands (the quote, the backslash, controls), and nothing else. The text
// must be valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace fanfare {

void append_json_string(std::string& out, std::string_view text);

}  // namespace fanfare
