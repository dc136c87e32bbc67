// tests/broker/replay_test.cc: pages are merged from homes that answer in any order, and say no
// more than all of them have said.
#include "broker/replay.h"

#include <vector>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

constexpr WireFormat sse{};

EventRef event(std::string_view topic, uint64_t number, std::string_view data = "x") {
  EventRef made = Event::make({std::span(&topic, 1), {}, data, DataKind::text, 0});
  const_cast<Event*>(made.get())->number_it({Epoch{1}, EventNumber{number}}, WallTime{}, Instant{});
  return made;
}

// Two homes that are asked and answer when the test says so.
struct TwoHomes {
  TwoHomes()
      : replays(
            Epoch{1}, 2, 64 * 1024,
            [this](Slot slot, const Page& page) {
              slots.push_back(slot.index);
              pages.push_back(page);
            },
            [this](uint32_t home, uint64_t page, const HistoryAsk& ask) {
              asked.push_back({home, page, ask.after.value, ask.upto.value});
            }) {}

  void pull(uint32_t slot, uint64_t after, uint64_t upto) {
    ReplayAt at;
    at.after = {after};
    at.upto = {upto};
    replays.pull({slot, 1}, subscription, sse, at, Instant{});
  }
  void answer(std::size_t question, std::vector<EventRef> events, uint64_t upto,
              bool lost = false) {
    replays.on_answer(asked[question].page, {std::move(events), {upto}, lost}, Instant{});
  }

  struct Asked {
    uint32_t home;
    uint64_t page, after, upto;
  };
  Subscription::Ref subscription = *Subscription::of("t/**");
  std::vector<Asked> asked;
  std::vector<uint32_t> slots;
  std::vector<Page> pages;
  Replays replays;
};

std::vector<uint64_t> numbers(const Page& page) {
  std::vector<uint64_t> all;
  if (!page.block) return all;
  for (const Block::Entry& entry : page.block->entries()) all.push_back(entry.number.value);
  return all;
}

TEST(Replays, events_of_all_homes_come_in_one_order) {
  TwoHomes two;
  two.pull(7, 2, 9);
  ASSERT_EQ(two.asked.size(), 2u);
  two.answer(1, {event("t/a", 4), event("t/a", 8)}, 9);
  EXPECT_TRUE(two.pages.empty()) << "one home has not answered yet";
  two.answer(0, {event("t/b", 3), event("t/b", 5)}, 9);
  ASSERT_EQ(two.pages.size(), 1u);
  EXPECT_EQ(numbers(two.pages[0]), (std::vector<uint64_t>{3, 4, 5, 8}));
  EXPECT_EQ(two.pages[0].upto.value, 9u);
  EXPECT_EQ(two.pages[0].first->value, 3u);
}

TEST(Replays, a_page_ends_where_the_first_home_stopped_looking) {
  TwoHomes two;
  two.pull(7, 0, 20);
  two.answer(0, {event("t/a", 2), event("t/a", 6)}, 6);
  two.answer(1, {event("t/b", 5), event("t/b", 9)}, 20);
  EXPECT_EQ(numbers(two.pages[0]), (std::vector<uint64_t>{2, 5, 6}));
  EXPECT_EQ(two.pages[0].upto.value, 6u);
}

// A gap's id is the position before `first`: one beyond the page would skip what is still to come.
TEST(Replays, what_lies_beyond_a_page_is_not_its_first_event) {
  TwoHomes two;
  two.pull(7, 0, 20);
  two.answer(0, {}, 6, true);  // looked at all it may, and found nothing so far
  two.answer(1, {event("t/b", 9)}, 20);
  EXPECT_FALSE(two.pages[0].block);
  EXPECT_EQ(two.pages[0].upto.value, 6u);
  EXPECT_TRUE(two.pages[0].lost);
  EXPECT_FALSE(two.pages[0].first.has_value());
}

TEST(Replays, streams_at_one_place_share_the_asking) {
  TwoHomes two;
  two.pull(7, 0, 20);
  two.pull(8, 0, 21);
  EXPECT_EQ(two.asked.size(), 2u);
  two.answer(0, {event("t/a", 2)}, 20);
  two.answer(1, {}, 20);
  EXPECT_EQ(two.slots, (std::vector<uint32_t>{7, 8}));
  two.pull(9, 0, 25);  // shortly after: the same page again
  EXPECT_EQ(two.asked.size(), 2u);
  EXPECT_EQ(two.slots.back(), 9u);
}

TEST(Replays, an_event_of_topics_with_two_homes_comes_once) {
  TwoHomes two;
  two.pull(7, 0, 20);
  const EventRef both = event("t/a", 2);
  two.answer(0, {both}, 20);
  two.answer(1, {both}, 20);
  EXPECT_EQ(numbers(two.pages[0]), (std::vector<uint64_t>{2}));
}

}  // namespace
}  // namespace fanfare
