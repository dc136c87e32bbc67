// net/mac.cc: OpenSSL behind net/mac.h.
#include "net/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "core/check.h"

namespace fanfare {

Mac128 mac_of(const MacKey& key, Bytes message) {
  unsigned char full[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  const auto* const made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), full, &length);
  CHECK(made != nullptr);
  Mac128 mac;
  CHECK_LE(mac.size(), length);
  std::copy_n(reinterpret_cast<const std::byte*>(full), mac.size(), mac.begin());
  return mac;
}

bool same_mac(const Mac128& a, const Mac128& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void fill_random(std::span<std::byte> out) {
  CHECK_EQ(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())),
           1);
}

}  // namespace fanfare
