// tests/bench/stamp_test.cc: what is written is read back, and nothing that is spoiled is.
#include "bench/suite/stamp.h"

#include <gtest/gtest.h>

#include "bench/suite/event_scanner.h"

namespace fanfare::bench {
namespace {

std::string data_of(uint32_t bytes, uint32_t sequence) {
  std::string data;
  write_event_data(data, {bytes, 3, 77, 5, sequence, Instant(Duration(123'456'789'012))});
  return data;
}

TEST(Stamp, is_read_back_as_it_was_written) {
  const auto stamp = read_event_data(data_of(200, 41));
  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->bytes, 200u);
  EXPECT_EQ(stamp->stage, 3);
  EXPECT_EQ(stamp->topic, 77u);
  EXPECT_EQ(stamp->source, 5u);
  EXPECT_EQ(stamp->sequence, 41u);
  EXPECT_EQ(stamp->due.time_since_epoch().count(), 123'456'789'012);
}

TEST(Stamp, data_that_is_asked_too_small_is_as_small_as_can_be) {
  EXPECT_EQ(data_of(1, 0).size(), stamp_bytes_min);
  EXPECT_TRUE(read_event_data(data_of(1, 0)));
}

TEST(Stamp, every_single_changed_byte_is_seen) {
  const std::string whole = data_of(120, 9);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string spoiled = whole;
    spoiled[i] = spoiled[i] == '0' ? '1' : '0';
    EXPECT_FALSE(read_event_data(spoiled)) << "at byte " << i;
  }
}

TEST(Stamp, a_missing_or_a_doubled_piece_is_seen) {
  const std::string whole = data_of(400, 9);
  EXPECT_FALSE(read_event_data(whole.substr(0, 200) + whole.substr(201)));
  EXPECT_FALSE(read_event_data(whole.substr(0, 200) + whole.substr(150)));
}

TEST(StampReader, reads_the_same_event_again_as_it_was) {
  StampReader reader;
  for (int time = 0; time < 3; ++time) {
    for (uint32_t sequence = 0; sequence < 5'000; ++sequence) {  // more than it remembers
      const auto stamp = reader.read(data_of(200, sequence));
      ASSERT_TRUE(stamp);
      ASSERT_EQ(stamp->sequence, sequence);
      ASSERT_EQ(stamp->source, 5u);
    }
  }
}

TEST(StampReader, every_changed_byte_of_an_event_it_knows_is_seen) {
  StampReader reader;
  const std::string whole = data_of(120, 9);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    ASSERT_TRUE(reader.read(whole));
    std::string spoiled = whole;
    spoiled[i] = spoiled[i] == '0' ? '1' : '0';
    EXPECT_FALSE(reader.read(spoiled)) << "at byte " << i;
  }
  EXPECT_FALSE(reader.read(whole.substr(0, 60) + whole.substr(61)));
}

TEST(StampReader, large_and_tiny_data_are_read_too) {
  StampReader reader;
  for (int time = 0; time < 2; ++time) {
    EXPECT_TRUE(reader.read(data_of(16'384, 3)));
    EXPECT_TRUE(reader.read(data_of(1, 4)));
    EXPECT_FALSE(reader.read("^"));
    EXPECT_FALSE(reader.read(""));
  }
}

struct Scanned {
  std::vector<uint32_t> sequences;
  uint32_t corrupt = 0;
};

Scanned scan_in_pieces(const std::string& text, std::size_t piece_bytes) {
  Scanned scanned;
  StampReader reader;
  EventScanner scanner;
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    scanned.corrupt += scanner.scan(
        reader, std::string_view(text).substr(at, piece_bytes),
        [&](const Stamp& stamp, std::string_view) { scanned.sequences.push_back(stamp.sequence); });
  }
  return scanned;
}

TEST(EventScanner, finds_every_event_however_the_stream_is_cut) {
  std::string text;
  for (uint32_t i = 0; i < 5; ++i) {
    text += "id: 7-" + std::to_string(i) + "\ndata: " + data_of(90 + i * 40, i) + "\n\n";
  }
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Scanned scanned = scan_in_pieces(text, piece);
    EXPECT_EQ(scanned.sequences, (std::vector<uint32_t>{0, 1, 2, 3, 4})) << piece;
    EXPECT_EQ(scanned.corrupt, 0u) << piece;
  }
}

TEST(EventScanner, counts_a_spoiled_event_and_goes_on_behind_it) {
  std::string bad = data_of(100, 1);
  bad[80] = '?';
  const std::string text =
      "data: " + data_of(100, 0) + "\n\ndata: " + bad + "\n\ndata: " + data_of(100, 2) + "\n\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Scanned scanned = scan_in_pieces(text, piece);
    EXPECT_EQ(scanned.sequences, (std::vector<uint32_t>{0, 2})) << piece;
    EXPECT_EQ(scanned.corrupt, 1u) << piece;
  }
}

TEST(EventScanner, shows_what_stood_before_an_event) {
  StampReader reader;
  EventScanner scanner;
  std::string seen;
  scanner.scan(reader, "id: 12-7\ndata: " + data_of(60, 0),
               [&](const Stamp&, std::string_view before) { seen = before; });
  EXPECT_EQ(seen, "id: 12-7\ndata: ");
}

}  // namespace
}  // namespace fanfare::bench
