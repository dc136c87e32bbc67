// broker/refused_characters.h: the characters that a topic may not hold (Cc, Cf, Cs, Zl, Zp),
// sorted.
//
// Made by cmake/refused_characters.py of Unicode 14.0.0; do not edit.
#pragma once

#include "broker/text_rules.h"

namespace fanfare {

struct RefusedRange {
  char32_t first, last;
  CharacterKind kind;
};

constexpr RefusedRange refused_ranges[] = {
    {0x0000, 0x001F, CharacterKind::control},  {0x007F, 0x009F, CharacterKind::control},
    {0x00AD, 0x00AD, CharacterKind::format},   {0x0600, 0x0605, CharacterKind::format},
    {0x061C, 0x061C, CharacterKind::format},   {0x06DD, 0x06DD, CharacterKind::format},
    {0x070F, 0x070F, CharacterKind::format},   {0x0890, 0x0891, CharacterKind::format},
    {0x08E2, 0x08E2, CharacterKind::format},   {0x180E, 0x180E, CharacterKind::format},
    {0x200B, 0x200F, CharacterKind::format},   {0x2028, 0x2029, CharacterKind::line_separator},
    {0x202A, 0x202E, CharacterKind::format},   {0x2060, 0x2064, CharacterKind::format},
    {0x2066, 0x206F, CharacterKind::format},   {0xD800, 0xDFFF, CharacterKind::surrogate},
    {0xFEFF, 0xFEFF, CharacterKind::format},   {0xFFF9, 0xFFFB, CharacterKind::format},
    {0x110BD, 0x110BD, CharacterKind::format}, {0x110CD, 0x110CD, CharacterKind::format},
    {0x13430, 0x13438, CharacterKind::format}, {0x1BCA0, 0x1BCA3, CharacterKind::format},
    {0x1D173, 0x1D17A, CharacterKind::format}, {0xE0001, 0xE0001, CharacterKind::format},
    {0xE0020, 0xE007F, CharacterKind::format},
};

}  // namespace fanfare
