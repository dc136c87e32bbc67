// net/utf8.cc: decoding, finding the fault, encoding.
#include "net/utf8.h"

namespace fanfare {
namespace {

// By the lead byte: how many bytes, and which of its bits count.
struct Lead {
  std::size_t bytes;
  unsigned mask;
  char32_t least;  // below it the form is overlong
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0x7F, 0};
  if ((byte & 0xE0) == 0xC0) return {2, 0x1F, 0x80};
  if ((byte & 0xF0) == 0xE0) return {3, 0x0F, 0x800};
  if ((byte & 0xF8) == 0xF0) return {4, 0x07, 0x10000};
  return {0, 0, 0};
}

}  // namespace

Utf8Character utf8_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const Lead lead = lead_of(byte(0));
  if (lead.bytes == 0 || lead.bytes > text.size() - at) return {};
  char32_t code = byte(0) & lead.mask;
  for (std::size_t i = 1; i < lead.bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < lead.least || code > 0x10FFFF || surrogate) return {};
  return {code, lead.bytes};
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character character = utf8_at(text, at);
    if (character.bytes == 0) return at;
    at += character.bytes;
  }
  return std::nullopt;
}

std::size_t write_utf8(char32_t code, char* out) {
  const auto put = [&](std::size_t i, char32_t bits) { out[i] = static_cast<char>(bits); };
  if (code < 0x80) {
    put(0, code);
    return 1;
  }
  if (code < 0x800) {
    put(0, 0xC0 | (code >> 6));
    put(1, 0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    put(0, 0xE0 | (code >> 12));
    put(1, 0x80 | ((code >> 6) & 0x3F));
    put(2, 0x80 | (code & 0x3F));
    return 3;
  }
  put(0, 0xF0 | (code >> 18));
  put(1, 0x80 | ((code >> 12) & 0x3F));
  put(2, 0x80 | ((code >> 6) & 0x3F));
  put(3, 0x80 | (code & 0x3F));
  return 4;
}

}  // namespace fanfare
