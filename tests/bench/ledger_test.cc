// tests/bench/ledger_test.cc: the checker of streams finds what it is there to find: each kind of
// loss, repetition and disorder is a fault, and a faultless story has none.
#include "bench/load/ledger.h"

#include <gtest/gtest.h>

namespace fanfare::bench {
namespace {

// Three events of topic 0 with numbers 1, 3 and 4, one of topic 1 with number 2; a reader of topic
// 0 that starts at the beginning.
struct Book {
  Book() {
    for (uint64_t number = 1; number <= 4; ++number) {
      keys.push_back(ledger.begin(number == 2 ? 1 : 0, 20));
      ledger.accepted(keys.back(), number);
    }
    ledger.start(place, 0);
  }
  void tell(uint64_t number) { ledger.delivered(place, number, ledger.data_of(keys[number - 1])); }
  uint64_t faults() {
    ledger.end(place);
    ledger.judge();
    return ledger.faults();
  }

  Ledger ledger{2};
  std::vector<uint32_t> keys;
  Place place{7, 0, false, 0};
};

TEST(Ledger, a_stream_that_sees_its_events_once_and_in_order_is_faultless) {
  Book book;
  book.tell(1);
  book.tell(3);
  book.tell(4);
  EXPECT_TRUE(book.ledger.is_complete(book.place));
  EXPECT_EQ(book.faults(), 0u);
}

TEST(Ledger, a_stream_of_every_topic_sees_all) {
  Book book;
  book.place.topic = every_topic;
  for (uint64_t number = 1; number <= 4; ++number) book.tell(number);
  EXPECT_EQ(book.faults(), 0u);
}

TEST(Ledger, an_event_left_out_in_the_middle_is_lost) {
  Book book;
  book.tell(1);
  book.tell(4);
  EXPECT_EQ(book.faults(), 1u);
}

TEST(Ledger, an_event_left_out_at_the_end_is_lost) {
  Book book;
  book.tell(1);
  book.tell(3);
  EXPECT_FALSE(book.ledger.is_complete(book.place));
  EXPECT_EQ(book.faults(), 1u);
}

TEST(Ledger, another_stream_that_saw_it_does_not_hide_a_loss) {
  Book book;
  Place other{8, 0, true, 0};
  for (const uint64_t number : {1u, 3u, 4u}) {
    book.ledger.delivered(other, number, book.ledger.data_of(book.keys[number - 1]));
  }
  book.ledger.end(other);
  book.tell(3);
  book.tell(4);
  EXPECT_EQ(book.faults(), 1u);
}

TEST(Ledger, an_event_told_twice_is_a_fault) {
  Book book;
  for (const uint64_t number : {1u, 3u, 3u, 4u}) book.tell(number);
  EXPECT_EQ(book.faults(), 1u);
}

TEST(Ledger, an_event_of_another_topic_is_a_fault) {
  Book book;
  for (const uint64_t number : {1u, 2u, 3u, 4u}) book.tell(number);
  EXPECT_EQ(book.faults(), 1u);
}

TEST(Ledger, other_data_are_a_fault) {
  Book book;
  book.ledger.delivered(book.place, 1, book.ledger.data_of(book.keys[0]) + "x");
  EXPECT_EQ(book.ledger.faults(), 1u);
  book.ledger.delivered(book.place, 1, "0000ffff");
  EXPECT_EQ(book.ledger.faults(), 2u);
}

TEST(Ledger, a_number_that_no_publisher_was_told_is_a_fault) {
  Book book;
  for (const uint64_t number : {1u, 3u, 4u}) book.tell(number);
  book.ledger.delivered(book.place, 9, book.ledger.data_of(book.keys[0]));
  EXPECT_EQ(book.faults(), 1u);
}

TEST(Ledger, a_position_past_events_that_were_not_told_loses_them) {
  Book book;
  book.tell(1);
  book.ledger.beacon(book.place, 4);
  EXPECT_EQ(book.faults(), 1u);
}

TEST(Ledger, a_gap_excuses_what_lies_in_it_and_nothing_else) {
  Book book;
  book.ledger.gap(book.place, 3);
  book.tell(4);
  EXPECT_EQ(book.faults(), 0u);
  Book other;
  other.ledger.gap(other.place, 1);
  other.tell(4);
  EXPECT_EQ(other.faults(), 1u);
}

TEST(Ledger, a_gap_where_nothing_was_lost_is_a_fault) {
  Book book;
  book.tell(1);
  book.ledger.gap(book.place, 2);
  book.tell(3);
  book.tell(4);
  EXPECT_EQ(book.faults(), 1u);
}

}  // namespace
}  // namespace fanfare::bench
