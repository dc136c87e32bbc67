// net/url.cc: percent-encoding and queries.
#include "net/http.h"

#include <algorithm>

namespace fanfare {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus : uint8_t { is_plus, is_space };

std::optional<std::string> decode(std::string_view text, Plus plus) {
  const bool spaced = plus == Plus::is_space && text.find('+') != text.npos;
  if (!spaced && text.find('%') == text.npos) return std::string(text);  // as most are
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

// Cuts the part before `end` off the front.
std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

}  // namespace

std::optional<std::vector<QueryParameter>> parse_query(std::string_view query, std::string* bad) {
  std::vector<QueryParameter> all;
  while (!query.empty()) {
    const std::string_view pair = cut(query, '&');
    if (pair.empty()) continue;
    std::string_view rest = pair;
    auto name = decode(cut(rest, '='), Plus::is_space);
    auto value = decode(rest, Plus::is_space);
    if (!name || !value) {
      if (bad != nullptr) *bad = pair;
      return std::nullopt;
    }
    all.push_back({std::move(*name), std::move(*value)});
  }
  return all;
}

std::optional<std::string> percent_decode(std::string_view text) {
  return decode(text, Plus::is_plus);
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789ABCDEF"[byte & 15];
  }
  return out;
}

}  // namespace fanfare
