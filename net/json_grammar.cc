// net/json_grammar.cc: numbers and escapes by RFC 8259.
#include "net/json_grammar.h"

namespace fanfare {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view skip_digits(std::string_view rest) {
  std::size_t count = 0;
  while (count < rest.size() && is_digit(rest[count])) ++count;
  return rest.substr(count);
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const int lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The four hex digits of \uXXXX at the start of `rest`.
bool read_hex4(std::string_view rest, char32_t& out) {
  if (rest.size() < 4) return false;
  out = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int value = hex_value(rest[i]);
    if (value < 0) return false;
    out = out * 16 + static_cast<char32_t>(value);
  }
  return true;
}

}  // namespace

// -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::string_view after_whole = skip_digits(text);
  const std::size_t whole = text.size() - after_whole.size();
  if (whole == 0 || (whole > 1 && text[0] == '0')) return false;
  text = after_whole;
  if (text.starts_with('.')) {
    const std::string_view after = skip_digits(text.substr(1));
    if (after.size() == text.size() - 1) return false;
    text = after;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const std::string_view after = skip_digits(text);
    if (after.size() == text.size()) return false;
    text = after;
  }
  return text.empty();
}

char simple_json_escape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

UnicodeEscape read_unicode_escape(std::string_view rest) {
  char32_t high = 0;
  read_hex4(rest.substr(2), high);
  if (high < 0xD800 || high > 0xDFFF) return {high, 6};
  char32_t low = 0;
  const bool pair = high <= 0xDBFF && rest.substr(6).starts_with("\\u") &&
                    read_hex4(rest.substr(8), low) && low >= 0xDC00 && low <= 0xDFFF;
  if (!pair) return {};
  return {0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), 12};
}

bool has_hex4(std::string_view rest) {
  char32_t ignored = 0;
  return read_hex4(rest, ignored);
}

}  // namespace fanfare
