// tests/bench/unframer_test.cc: bodies come out whole however the frames are cut.
#include "bench/suite/unframer.h"

#include <gtest/gtest.h>

namespace fanfare::bench {
namespace {

struct Out {
  std::string body;
  Flow flow = Flow::goes_on;
};

Out unframe(Framing framing, const std::string& text, std::size_t piece) {
  Unframer unframer;
  unframer.begin(framing);
  Out out;
  for (std::size_t at = 0; at < text.size() && out.flow == Flow::goes_on; at += piece) {
    out.flow = unframer.feed(std::string_view(text).substr(at, piece),
                             [&](std::string_view bytes) { out.body += bytes; });
  }
  return out;
}

TEST(Unframer, takes_chunks_away) {
  const std::string text = "5\r\nhello\r\n7;name=v\r\n, world\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Out out = unframe(Framing::chunked, text, piece);
    EXPECT_EQ(out.body, "hello, world") << piece;
    EXPECT_EQ(out.flow, Flow::ended) << piece;
  }
}

TEST(Unframer, refuses_what_is_no_chunk) {
  EXPECT_EQ(unframe(Framing::chunked, "hello\r\n", 64).flow, Flow::broken);
  EXPECT_EQ(unframe(Framing::chunked, std::string(64, '1'), 64).flow, Flow::broken);
}

std::string frame(uint8_t opcode, const std::string& payload) {
  std::string text(1, static_cast<char>(0x80u | opcode));
  if (payload.size() < 126) {
    text += static_cast<char>(payload.size());
  } else {
    text += static_cast<char>(126);
    text += static_cast<char>(payload.size() >> 8);
    text += static_cast<char>(payload.size() & 0xff);
  }
  return text + payload;
}

TEST(Unframer, takes_websocket_frames_away) {
  const std::string text = frame(1, "short") + frame(2, std::string(300, 'x')) + frame(1, "");
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Out out = unframe(Framing::websocket, text, piece);
    EXPECT_EQ(out.body, "short" + std::string(300, 'x')) << piece;
    EXPECT_EQ(out.flow, Flow::goes_on) << piece;
  }
}

TEST(Unframer, hands_on_a_ping_and_not_as_data) {
  Unframer unframer;
  unframer.begin(Framing::websocket);
  std::string body;
  unframer.feed(frame(9, "are you there"), [&](std::string_view bytes) { body += bytes; });
  EXPECT_EQ(body, "");
  ASSERT_TRUE(unframer.has_ping());
  EXPECT_EQ(unframer.take_ping(), "are you there");
  EXPECT_FALSE(unframer.has_ping());
}

TEST(Unframer, a_close_frame_ends_it) {
  EXPECT_EQ(unframe(Framing::websocket, frame(8, ""), 1).flow, Flow::ended);
}

TEST(Unframer, an_own_frame_is_masked) {
  const std::string text = websocket_frame(10, "hi");
  EXPECT_EQ(text, std::string("\x8a\x82\0\0\0\0hi", 8));
}

}  // namespace
}  // namespace fanfare::bench
