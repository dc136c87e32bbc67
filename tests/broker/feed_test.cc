// tests/broker/feed_test.cc: one send takes all that a healthy stream lacks, and what nobody needs
// is given back.
#include "broker/feed.h"

#include <string>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

constexpr Epoch epoch{0x5f3a9c21d04be877};

class FeedTest : public ::testing::Test {
 protected:
  void append(std::size_t bytes = 200) {
    const std::string_view topic = "a";
    const std::string data(bytes, 'x');
    EventRef event = Event::make({std::span(&topic, 1), {}, data, DataKind::text, 0});
    const_cast<Event*>(event.get())->number_it({epoch, EventNumber{++number_}}, {}, {});
    feed_.append(epoch, *event);
  }
  // How many events one send takes to a stream that lacks `next` and all after it.
  uint32_t in_one_send(uint64_t next) { return feed_.find(EventNumber{next}).events; }
  std::string_view bytes_from(uint64_t next) {
    const Feed::Place place = feed_.find(EventNumber{next});
    return place.block->bytes(place.offset);
  }

  uint64_t number_ = 0;
  Feed feed_{*Subscription::of("a"), WireFormat{}, EventNumber{1}};
};

TEST_F(FeedTest, one_send_takes_all_that_was_not_offered_to_everybody) {
  for (uint64_t round = 0; round < 200; ++round) {
    for (int i = 0; i < 7; ++i) append();
    const uint64_t lacks = round * 7 + 1;
    ASSERT_EQ(in_one_send(lacks), 7u);
    const std::string id = "id: 5f3a9c21d04be877-" + std::to_string(lacks) + "\n";
    ASSERT_NE(bytes_from(lacks).substr(0, 60).find(id), std::string_view::npos);
    feed_.set_offered(EventNumber{number_});
  }
}

TEST_F(FeedTest, a_long_run_of_rounds_needs_no_more_memory_than_a_short_one) {
  std::size_t after_ten = 0;
  for (uint64_t round = 0; round < 1000; ++round) {
    for (int i = 0; i < 5; ++i) append();
    feed_.set_offered(EventNumber{number_ - 3});
    feed_.trim(0);
    if (round == 10) after_ten = feed_.window_bytes();
  }
  EXPECT_LE(feed_.window_bytes(), after_ten);
}

TEST_F(FeedTest, an_idle_feed_holds_no_bytes) {
  append();
  feed_.set_offered(EventNumber{1});
  feed_.trim(0);
  EXPECT_EQ(feed_.window_bytes(), 0u);
  EXPECT_EQ(feed_.covered_from(), EventNumber{2});
  append();
  EXPECT_EQ(in_one_send(2), 1u);
}

TEST_F(FeedTest, what_a_lagging_stream_lacks_stays_within_the_limit) {
  feed_.behind = 1;
  for (int i = 0; i < 10'000; ++i) {
    append();
    feed_.set_offered(EventNumber{number_});
    if (i % 10 == 0) feed_.trim(256_KiB);
  }
  EXPECT_LE(feed_.window_bytes(), 256_KiB + 512_KiB);
  const uint64_t kept = feed_.covered_from().value;
  EXPECT_LT(kept, number_ - 500);
  // Block by block, all of it is there.
  for (uint64_t next = kept; next <= number_;) {
    const Feed::Place place = feed_.find(EventNumber{next});
    ASSERT_GT(place.events, 0u);
    ASSERT_EQ(place.block->entries()[place.block->index_of(EventNumber{next})].number.value, next);
    next = place.block->last().value + 1;
  }
}

TEST_F(FeedTest, a_large_event_is_borrowed_and_small_ones_follow_it) {
  append();
  append(100'000);
  append();
  EXPECT_EQ(in_one_send(1), 1u);
  EXPECT_EQ(in_one_send(2), 1u);
  EXPECT_EQ(in_one_send(3), 1u);
  feed_.set_offered(EventNumber{3});
  feed_.trim(0);
  EXPECT_EQ(feed_.window_bytes(), 0u);
}

TEST_F(FeedTest, the_smallest_events_move_too) {
  for (int i = 0; i < 10'000; ++i) append(0);
  EXPECT_GT(in_one_send(number_ - 3000), 2000u);
}

TEST(Block, dropping_its_front_moves_what_follows) {
  BlockRef block = Block::make(64, 4);
  block->append(EventNumber{3}, "three");
  block->append(EventNumber{5}, "five");
  block->append(EventNumber{9}, "nine");
  block->drop_front(2);
  EXPECT_EQ(block->bytes(0), "nine");
  ASSERT_EQ(block->entries().size(), 1u);
  EXPECT_EQ(block->last(), EventNumber{9});
  block->append(EventNumber{10}, "ten");
  EXPECT_EQ(block->bytes(block->offset_of(1)), "ten");
}

// A stream whose page of history ends in the middle of what the feed has dropped must go on from
// history: a window that claims to begin before a hole would skip what is in it.
TEST_F(FeedTest, what_the_window_covers_has_no_hole) {
  for (uint64_t round = 0; round < 300; ++round) {
    feed_.behind = round % 4 == 1
                       ? 1
                       : 0;  // older blocks stay for it, and are there still when it has caught up
    for (uint64_t i = 0; i <= round % 23; ++i) append(100 + 37 * (round % 11));
    if (round % 3 != 0) feed_.set_offered(EventNumber{number_});
    for (uint64_t next = feed_.covered_from().value; next <= number_; ++next) {
      const Feed::Place place = feed_.find(EventNumber{next});
      const uint32_t first = static_cast<uint32_t>(place.block->entries().size()) - place.events;
      ASSERT_EQ(place.block->entries()[first].number.value, next) << "in round " << round;
    }
  }
}

}  // namespace
}  // namespace fanfare
