// net/mac.h: message authentication codes and random bytes; the one file that includes OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "core/bytes.h"

namespace fanfare {

using MacKey = std::array<std::byte, 32>;
using Mac128 = std::array<std::byte, 16>;

// HMAC-SHA-256, cut to 128 bits (RFC 2104, section 5).
Mac128 mac_of(const MacKey& key, Bytes message);

// In constant time.
bool same_mac(const Mac128& a, const Mac128& b);
// Compares secrets in a time that tells nothing of where they differ; their lengths may show.
bool same_secret(std::string_view a, std::string_view b);

// From the kernel's generator; cannot fail after start.
void fill_random(std::span<std::byte> out);

}  // namespace fanfare
