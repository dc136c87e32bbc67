// tests/bench/stream_reading_test.cc: the checker reads chunks and blocks the same however they are
// cut.
#include "bench/load/stream_reading.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare::bench {
namespace {

const std::string body =
    "1d\r\nretry: 2000\nid: ab-5\n\n:\nid: a\r\n12\r\nb-6\ndata: x\n\nid: 7\r\n"
    "13\r\n\nevent: t\ndata: y\n\n\r\n0\r\n\r\n";

std::vector<std::string> read(std::size_t piece, bool& good, bool& over) {
  StreamReading reading;
  std::vector<std::string> told;
  good = true;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    good = good && reading.take(std::string_view(body).substr(at, piece), [&](const SseBlock& b) {
      told.push_back(std::string(b.id) + "|" + std::string(b.type) + "|" + std::string(b.data));
    });
  }
  over = reading.is_over();
  return told;
}

TEST(StreamReading, blocks_are_the_same_in_pieces_of_any_size) {
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    bool good = false, over = false;
    const auto told = read(piece, good, over);
    EXPECT_TRUE(good) << piece;
    EXPECT_TRUE(over) << piece;
    EXPECT_EQ(told, (std::vector<std::string>{"ab-5||", "ab-6||x", "7|t|y"})) << piece;
  }
}

TEST(StreamReading, what_is_no_chunk_is_refused) {
  for (const char* const bad : {"x\r\n", "1\n", "1\r\nab", "0\r\n\r\nid", "123456789012\r\n"}) {
    StreamReading reading;
    EXPECT_FALSE(reading.take(bad, [](const SseBlock&) {})) << bad;
  }
}

}  // namespace
}  // namespace fanfare::bench
