// core/decimal.h: numbers as decimal digits, without a string of their own.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

namespace fanfare {

inline void append_decimal(std::string& out, uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace fanfare
