// net/base64.h: bytes as base64 text (RFC 4648, section 4, with padding).
#pragma once

#include <string>

#include "core/bytes.h"

namespace fanfare {

void append_base64(std::string& out, Bytes bytes);
constexpr std::size_t base64_size(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

}  // namespace fanfare
