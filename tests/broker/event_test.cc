// tests/broker/event_test.cc: an event's canonical frame: its fields, its chunk, its views,
// whatever the data holds.
#include "broker/event.h"

#include <string>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

const EventId id_1042{Epoch{0x5f3a9c21d04be877}, EventNumber{1042}};

EventRef numbered(const EventParts& parts, EventId id = id_1042) {
  EventRef event = Event::make(parts);
  const_cast<Event*>(event.get())->number_it(id, WallTime{}, Instant{});
  return event;
}

EventRef of(std::string_view topic, std::string_view data, std::string_view type = {},
            DataKind kind = DataKind::text, uint32_t retry_ms = 0) {
  return numbered({std::span(&topic, 1), type, data, kind, retry_ms});
}

TEST(Event, its_frame_is_id_type_and_data) {
  const EventRef event = of("a", "17", "price");
  EXPECT_EQ(event->frame(), "id: 5f3a9c21d04be877-1042\nevent: price\ndata: 17\n\n");
}

TEST(Event, a_line_end_of_any_kind_begins_a_data_line) {
  const EventRef event = of("a", "one\r\ntwo\rthree\nfour\n");
  EXPECT_EQ(event->fields(), "data: one\ndata: two\ndata: three\ndata: four\ndata: \n\n");
  EXPECT_EQ(event->data(), "one\r\ntwo\rthree\nfour\n") << "other formats get the bytes";
}

TEST(Event, no_byte_of_data_can_forge_a_field) {
  const EventRef event = of("a", "x\rid: 9\revent: fanfare.gap\r\rdata: y");
  EXPECT_EQ(event->fields(),
            "data: x\ndata: id: 9\ndata: event: fanfare.gap\ndata: \ndata: data: y\n\n");
}

TEST(Event, empty_data_is_an_event) {
  EXPECT_EQ(of("a", "")->fields(), "data: \n\n");
}

TEST(Event, its_chunk_says_the_size_of_its_frame) {
  for (const std::size_t size : {0u, 1u, 100u, 200u, 5000u, 70000u}) {
    const EventRef event = of("topic", std::string(size, 'x'));
    const std::string_view chunk = event->chunked_frame();
    const std::size_t head = chunk.find("\r\n");
    ASSERT_NE(head, chunk.npos);
    EXPECT_EQ(std::stoul(std::string(chunk.substr(0, head)), nullptr, 16), event->frame().size());
    EXPECT_EQ(chunk.substr(head + 2, event->frame().size()), event->frame());
    EXPECT_TRUE(chunk.ends_with("\n\n\r\n"));
  }
}

TEST(Event, the_head_room_holds_ids_of_any_length) {
  for (const uint64_t number : {uint64_t{1}, uint64_t{99999}, ~uint64_t{0}}) {
    const EventId id{Epoch{1}, EventNumber{number}};
    const std::string_view topic = "t";
    const EventRef event =
        numbered({std::span(&topic, 1), "type", "data", DataKind::text, 5000}, id);
    EXPECT_EQ(event->frame(), "id: " + id.text() + "\nevent: type\nretry: 5000\ndata: data\n\n");
    EXPECT_EQ(event->number().value, number);
  }
}

TEST(Event, keeps_all_of_its_topics_in_order) {
  const std::vector<std::string_view> topics{"first", "second/2", "third"};
  const EventRef event = numbered({topics, {}, "x", DataKind::text, 0});
  std::vector<std::string> seen;
  event->for_each_topic([&](std::string_view topic) { seen.emplace_back(topic); });
  EXPECT_EQ(seen, (std::vector<std::string>{"first", "second/2", "third"}));
  EXPECT_EQ(event->topic(), "first");
  EXPECT_EQ(event->topic_hash(), topic_hash("first"));
}

TEST(Event, bytes_are_a_data_url_for_sse_and_themselves_for_the_rest) {
  const std::string bytes("\x00\xff\n", 3);
  const EventRef event = of("a", bytes, {}, DataKind::binary);
  EXPECT_EQ(event->fields(), "data: data:application/octet-stream;base64,AP8K\n\n");
  EXPECT_EQ(event->data(), bytes);
}

TEST(EventId, reads_back_what_it_wrote) {
  EXPECT_EQ(id_1042.text(), "5f3a9c21d04be877-1042");
  const auto id = EventId::parse("5f3a9c21d04be877-1042");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->epoch, id_1042.epoch);
  EXPECT_EQ(id->number.value, 1042u);
}

TEST(EventId, garbage_is_no_id) {
  for (const char* bad :
       {"", "-", "1", "5f3a9c21d04be877", "5f3a9c21d04be877-", "-5", "xyz-1", "5f3a9c21d04be877-1x",
        "5f3a9c21d04be877--1", "5f3a9c21d04be877-99999999999999999999999", " 5f3a9c21d04be877-1",
        "5F3A9C21D04BE8775-1", "1234567-1"}) {
    EXPECT_FALSE(EventId::parse(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace fanfare
