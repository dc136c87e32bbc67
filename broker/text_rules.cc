// broker/text_rules.cc: character categories, and foreign text made safe to show.
#include "broker/text_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "broker/refused_characters.h"
#include "net/utf8.h"

namespace fanfare {
namespace {

std::string_view name_of(CharacterKind kind) {
  switch (kind) {
    case CharacterKind::plain:
      return "a plain character";
    case CharacterKind::control:
      return "a control character";
    case CharacterKind::format:
      return "an invisible format character";
    case CharacterKind::surrogate:
      return "a surrogate";
    case CharacterKind::line_separator:
      return "a line separator";
  }
  return "";
}

}  // namespace

CharacterKind kind_of(char32_t character) {
  const auto* range = std::ranges::lower_bound(refused_ranges, character, {}, &RefusedRange::last);
  if (range == std::end(refused_ranges) || character < range->first) return CharacterKind::plain;
  return range->kind;
}

std::string RefusedCharacter::describe() const {
  return fmt::format("U+{:04X}, {}, at byte {}", static_cast<uint32_t>(character), name_of(kind),
                     at);
}

std::optional<RefusedCharacter> find_refused_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x7F) {
      ++at;
      continue;
    }
    const Utf8Character character = utf8_at(text, at);
    const CharacterKind kind = kind_of(character.code);
    if (kind != CharacterKind::plain) return RefusedCharacter{at, character.code, kind};
    at += std::max<std::size_t>(character.bytes, 1);
  }
  return std::nullopt;
}

std::string quoted(std::string_view text, std::size_t most) {
  std::string out = "'";
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character character = utf8_at(text, at);
    const std::size_t bytes = std::max<std::size_t>(character.bytes, 1);
    if (at + bytes > most) {
      out += "...";
      break;
    }
    if (character.bytes == 0) {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[at]));
    } else if (kind_of(character.code) != CharacterKind::plain) {
      out += fmt::format("\\u{{{:X}}}", static_cast<uint32_t>(character.code));
    } else {
      out += text.substr(at, bytes);
    }
    at += bytes;
  }
  out += '\'';
  return out;
}

std::string valid_text(std::string_view text) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = utf8_at(text, at).bytes;
    out += bytes == 0 ? replacement : text.substr(at, bytes);
    at += std::max<std::size_t>(bytes, 1);
  }
  return out;
}

std::string_view field_name(std::string_view name) {
  constexpr std::size_t shown_bytes_max = 255;
  if (find_refused_character(name)) return {};
  if (name.size() <= shown_bytes_max) return name;
  std::size_t end = shown_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return name.substr(0, end);
}

}  // namespace fanfare
