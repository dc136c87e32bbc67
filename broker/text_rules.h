// broker/text_rules.h: which characters a name may hold, and how foreign text is shown in messages.
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fanfare {

// The Unicode categories a topic may not hold (Cc, Cf, Cs, Zl, Zp), and everything else.
enum class CharacterKind : uint8_t { plain, control, format, surrogate, line_separator };

CharacterKind kind_of(char32_t character);

// Where, what and why: "U+200B, a format character, at byte 4".
struct RefusedCharacter {
  std::size_t at = 0;  // byte offset
  char32_t character = 0;
  CharacterKind kind{};

  std::string describe() const;
};

// The first character of a refused kind. `text` is valid UTF-8.
std::optional<RefusedCharacter> find_refused_character(std::string_view text);

// Foreign text between quotes for a message: cut after `most` bytes at a character's edge, and what
// is refused or not UTF-8 shown as \u{200B} or \xFF. So a log line or a terminal cannot be forged.
std::string quoted(std::string_view text, std::size_t most = 80);

// The text with U+FFFD in the place of each byte that is not UTF-8.
std::string valid_text(std::string_view text);

// A member's or attribute's name as a Fault's `field`: cut at a character, empty if it holds what
// is refused.
std::string_view field_name(std::string_view name);

}  // namespace fanfare
