// tests/app/sse_reader_test.cc: every stream is read whole, byte by byte, and cut at each place,
// and gives the same events.
#include "app/sse_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanfare {
namespace {

using std::string_literals::operator""s;

// "type|data|id" of each event; "-" for blocks without data.
struct Seen {
  std::vector<std::string> blocks;
  std::string raw;
  std::string id;
  std::optional<Duration> retry;
  bool operator==(const Seen&) const = default;
};

Seen read_in(const std::vector<std::string_view>& parts) {
  SseReader reader;
  Seen seen;
  for (const std::string_view part : parts) {
    EXPECT_TRUE(reader.read(part, [&](const SseBlock& block) {
      seen.raw += block.raw;
      seen.blocks.push_back(block.has_data
                                ? std::string(block.type) + "|" + std::string(block.data) + "|" +
                                      reader.last_event_id()
                                : "-");
      return SseTaste::go_on;
    }));
  }
  seen.id = reader.last_event_id();
  seen.retry = reader.retry();
  return seen;
}

Seen read_every_way(std::string_view text) {
  const Seen whole = read_in({text});
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < text.size(); ++at) bytes.push_back(text.substr(at, 1));
  EXPECT_EQ(read_in(bytes), whole);
  for (std::size_t at = 0; at < text.size(); ++at) {
    EXPECT_EQ(read_in({text.substr(0, at), text.substr(at)}), whole) << at;
  }
  return whole;
}

using Blocks = std::vector<std::string>;

TEST(SseReader, an_event_with_all_its_fields) {
  const Seen seen = read_every_way("id: 7\nevent: price\ndata: a\ndata: b\n\n");
  EXPECT_EQ(seen.blocks, Blocks{"price|a\nb|7"});
  EXPECT_EQ(seen.id, "7");
}

TEST(SseReader, lf_cr_and_crlf_end_a_line_and_mix) {
  EXPECT_EQ(read_every_way("data: a\r\rdata: b\r\n\r\ndata: c\n\n").blocks,
            (Blocks{"|a|", "|b|", "|c|"}));
  EXPECT_EQ(read_every_way("data: a\rdata: b\r\ndata: c\n\r\n").blocks, Blocks{"|a\nb\nc|"});
}

TEST(SseReader, one_byte_order_mark_at_the_beginning_is_passed_over) {
  EXPECT_EQ(read_every_way("\xEF\xBB\xBF"
                           "data: a\n\n")
                .blocks,
            Blocks{"|a|"});
  EXPECT_EQ(read_every_way("\xEF\xBB\xBF\xEF\xBB\xBF"
                           "data: a\n\n")
                .blocks,
            Blocks{"-"});
  EXPECT_EQ(read_every_way("\xEF\xBB"
                           "data: a\n\ndata: b\n\n")
                .blocks,
            (Blocks{"-", "|b|"}));
}

TEST(SseReader, only_one_space_after_the_colon_goes) {
  EXPECT_EQ(read_every_way("data:a\n\ndata:  b\n\ndata: c \n\n").blocks,
            (Blocks{"|a|", "| b|", "|c |"}));
}

TEST(SseReader, a_field_without_colon_has_no_value_and_unknown_ones_are_ignored) {
  EXPECT_EQ(read_every_way("data\n\ndata\ndata\n\nfoo: x\nData: y\n\n: comment\n\n").blocks,
            (Blocks{"||", "|\n|", "-", "-"}));
}

TEST(SseReader, a_block_without_data_moves_the_id_and_drops_the_type) {
  const Seen seen = read_every_way("retry: 2500\nid: e-0\n\nevent: x\n\ndata: a\n\n");
  EXPECT_EQ(seen.blocks, (Blocks{"-", "-", "|a|e-0"}));
  EXPECT_EQ(seen.retry, std::chrono::milliseconds(2500));
}

TEST(SseReader, an_id_stays_until_another_or_an_empty_one) {
  EXPECT_EQ(read_every_way("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n").blocks,
            (Blocks{"|a|1", "|b|1", "|c|"}));
}

TEST(SseReader, an_id_with_nul_is_ignored) {
  EXPECT_EQ(read_every_way("id: 1\ndata: a\n\nid: 2\0x\ndata: b\n\n"s).blocks,
            (Blocks{"|a|1", "|b|1"}));
}

TEST(SseReader, a_retry_that_is_not_digits_is_ignored) {
  EXPECT_EQ(read_every_way("retry: 10\nretry: 1e3\nretry: -5\nretry:\nretry: 7 \n\n").retry,
            std::chrono::milliseconds(10));
  EXPECT_EQ(read_every_way("retry: 99999999999999999999999999\n\n").retry, std::chrono::hours(24));
}

TEST(SseReader, what_is_not_complete_is_dropped_with_its_id) {
  SseReader reader;
  int events = 0;
  const auto count = [&](const SseBlock& block) {
    events += block.has_data ? 1 : 0;
    return SseTaste::go_on;
  };
  reader.read("id: 1\ndata: a\n\nid: 2\ndata: cut", count);
  EXPECT_EQ(reader.last_event_id(), "1");
  reader.begin_stream();
  reader.read("\xEF\xBB\xBF\ndata: b\n\n", count);
  EXPECT_EQ(reader.last_event_id(), "1");
  EXPECT_EQ(events, 2);
}

TEST(SseReader, the_raw_block_is_what_stood_there) {
  EXPECT_EQ(read_every_way(":\r\nid: 1\r\nfoo\rdata:a\n\ndata: cut").raw,
            ":\nid: 1\nfoo\ndata:a\n\n");
}

TEST(SseReader, a_sink_may_stop_in_mid_piece) {
  SseReader reader;
  int seen = 0;
  reader.read("data: a\n\ndata: b\n\ndata: c\n\n",
              [&](const SseBlock&) { return ++seen == 2 ? SseTaste::stop : SseTaste::go_on; });
  EXPECT_EQ(seen, 2);
}

TEST(SseReader, a_block_without_end_does_not_fill_memory) {
  SseReader reader;
  const std::string piece(1 << 20, 'x');
  const auto none = [](const SseBlock&) { return SseTaste::go_on; };
  bool fine = true;
  for (int i = 0; i < 65 && fine; ++i) fine = reader.read(piece, none);
  EXPECT_FALSE(fine);
}

}  // namespace
}  // namespace fanfare
