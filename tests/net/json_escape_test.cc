// tests/net/json_escape_test.cc: what is escaped, what is not, and that the place in a word of
// eight bytes does not matter.
#include "net/json_escape.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonEscape, leaves_plain_text_alone) {
  EXPECT_EQ(as_json(""), R"("")");
  EXPECT_EQ(as_json("news/sport"), R"("news/sport")");
  EXPECT_EQ(as_json("a longer text, of several words, with no escape in it"),
            R"("a longer text, of several words, with no escape in it")");
  EXPECT_EQ(as_json("Grüße, 世界, 🎺 and more of it"), R"("Grüße, 世界, 🎺 and more of it")");
  EXPECT_EQ(as_json("\x7f\xE2\x80\xA8"), "\"\x7f\xE2\x80\xA8\"");
}

TEST(JsonEscape, escapes_quotes_backslashes_and_controls) {
  EXPECT_EQ(as_json(R"(say "hi" \ bye)"), R"("say \"hi\" \\ bye")");
  EXPECT_EQ(as_json("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(as_json(std::string_view("\0\x01\x1f", 3)), R"("\u0000\u0001\u001f")");
  EXPECT_EQ(as_json("\n\n\n\n\n\n\n\n\n"), R"("\n\n\n\n\n\n\n\n\n")");
}

TEST(JsonEscape, appends_after_what_is_there) {
  std::string out = "{\"a\":";
  append_json_string(out, "b");
  EXPECT_EQ(out, "{\"a\":\"b\"");
}

// Every byte at every place of a longer text, beside neighbours that a careless word trick
// confuses.
TEST(JsonEscape, does_the_same_at_every_place) {
  for (const char neighbour : {'a', '!', '#', '[', ']', ' ', '"', '\\', '\x1f', '\x7f'}) {
    for (int byte = 0; byte < 128; ++byte) {
      for (std::size_t place = 0; place < 19; ++place) {
        std::string text(19, neighbour), expected = "\"";
        text[place] = static_cast<char>(byte);
        for (const char c : text) {
          const std::string one = as_json(std::string(1, c));
          expected += one.substr(1, one.size() - 2);
        }
        ASSERT_EQ(as_json(text), expected + "\"") << byte << " at " << place;
      }
    }
  }
}

}  // namespace
}  // namespace fanfare
