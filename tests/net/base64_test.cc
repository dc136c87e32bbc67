// tests/net/base64_test.cc: RFC 4648's own examples, and that the decoder reads back what is
// written.
#include "net/base64.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "net/base64_decode.h"

namespace fanfare {
namespace {

std::string encoded(std::string_view text) {
  std::string out;
  append_base64(out, bytes_of(text));
  return out;
}

TEST(Base64, writes_the_examples_of_the_rfc) {
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foob"), "Zm9vYg==");
  EXPECT_EQ(encoded("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encoded(std::string_view("\xFF\xEF\x00", 3)), "/+8A");
}

TEST(Base64, appends_after_what_is_there) {
  std::string out = "id=";
  append_base64(out, bytes_of("f"));
  EXPECT_EQ(out, "id=Zg==");
}

TEST(Base64, is_read_back_whatever_the_bytes_and_the_length) {
  for (std::size_t size = 0; size < 600; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 7 + size);
    const std::string text = encoded(bytes);
    ASSERT_EQ(text.size(), base64_size(size));
    std::string back(base64_decoded_max(text), '\0');
    const auto read = decode_base64(text, back.data());
    ASSERT_TRUE(read.has_value()) << text;
    ASSERT_EQ(back.substr(0, *read), bytes);
  }
}

}  // namespace
}  // namespace fanfare
