// tests/net/base64_decode_test.cc: RFC 4648's own examples, and what is not base64.
#include "net/base64_decode.h"

#include <gtest/gtest.h>

#include <string>

namespace fanfare {
namespace {

std::optional<std::string> decoded(std::string_view text) {
  std::string out(base64_decoded_max(text), '\0');
  const auto size = decode_base64(text, out.data());
  if (!size) return std::nullopt;
  return out.substr(0, *size);
}

TEST(Base64Decode, reads_the_examples_of_the_rfc) {
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("Zg=="), "f");
  EXPECT_EQ(decoded("Zm8="), "fo");
  EXPECT_EQ(decoded("Zm9v"), "foo");
  EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decoded("/+8A"), std::string("\xFF\xEF\x00", 3));
}

TEST(Base64Decode, refuses_what_is_not_base64) {
  for (const auto* bad :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9", "Z===", "====", "Zm9v\n", "Zm-_", "Z=g="}) {
    EXPECT_EQ(decoded(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace fanfare
