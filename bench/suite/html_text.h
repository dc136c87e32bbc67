// bench/suite/html_text.h: text that may stand in HTML and in its attributes.
#pragma once

#include <string>
#include <string_view>

namespace fanfare::bench {

inline std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace fanfare::bench
