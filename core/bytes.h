// core/bytes.h: views of bytes. `Bytes` for what goes through sockets, `std::string_view` for text.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace fanfare {

using Bytes = std::span<const std::byte>;

inline Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::size_t operator""_KiB(unsigned long long n) {
  return n * 1024;
}
constexpr std::size_t operator""_MiB(unsigned long long n) {
  return n * 1024 * 1024;
}
constexpr std::size_t operator""_GiB(unsigned long long n) {
  return n * 1024 * 1024 * 1024;
}

}  // namespace fanfare
