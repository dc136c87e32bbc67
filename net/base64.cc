// net/base64.cc: three bytes become four letters; the last group is padded.
#include "net/base64.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace fanfare {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// `bits` holds 24 bits, the first letter in the highest six.
void put_group(char* out, uint32_t bits) {
  for (unsigned shift = 18, i = 0; i < 4; ++i, shift -= 6) out[i] = letters[(bits >> shift) & 63];
}

}  // namespace

void append_base64(std::string& out, Bytes bytes) {
  const std::size_t start = out.size();
  out.resize(start + base64_size(bytes.size()), '=');
  char* to = out.data() + start;
  const auto at = [&](std::size_t i) { return std::to_integer<uint32_t>(bytes[i]); };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3, to += 4) {
    put_group(to, at(i) << 16 | at(i + 1) << 8 | at(i + 2));
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return;
  put_group(to, at(i) << 16 | (rest == 2 ? at(i + 1) << 8 : 0));
  to[3] = '=';
  if (rest == 1) to[2] = '=';
}

}  // namespace fanfare
