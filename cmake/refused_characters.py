#!/usr/bin/env python3
# Writes broker/refused_characters.h: the ranges of characters that a topic may not hold, from Python's own copy of the
# Unicode Character Database. Run from the root of the source tree after a new Unicode version:
#   cmake/refused_characters.py > broker/refused_characters.h
import sys
import unicodedata

KINDS = {"Cc": "control", "Cf": "format", "Cs": "surrogate", "Zl": "line_separator", "Zp": "line_separator"}

ranges = []
for code in range(sys.maxunicode + 1):
    kind = KINDS.get(unicodedata.category(chr(code)))
    if kind is None:
        continue
    if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == kind:
        ranges[-1][1] = code
    else:
        ranges.append([code, code, kind])

print("// broker/refused_characters.h: the characters that a topic may not hold (Cc, Cf, Cs, Zl, Zp), sorted.")
print("//")
print(f"// Made by cmake/refused_characters.py of Unicode {unicodedata.unidata_version}; do not edit.")
print("#pragma once\n")
print('#include "broker/text_rules.h"\n')
print("namespace fanfare {\n")
print("struct RefusedRange {\n  char32_t first, last;\n  CharacterKind kind;\n};\n")
print("constexpr RefusedRange refused_ranges[] = {")
for first, last, kind in ranges:
    print(f"    {{0x{first:04X}, 0x{last:04X}, CharacterKind::{kind}}},")
print("};\n\n}  // namespace fanfare")
