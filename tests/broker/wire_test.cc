// tests/broker/wire_test.cc: events and control messages in every format, as docs/PROTOCOL.md has
// them.
#include "broker/wire.h"

#include <string>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

constexpr Epoch epoch{0x5f3a9c21d04be877};
constexpr WireFormat plain_sse{Encoding::sse, Framing::plain, Envelope::none, TopicField::none};
constexpr WireFormat plain_ndjson{Encoding::ndjson, Framing::plain, Envelope::none,
                                  TopicField::none};
constexpr WireFormat plain_frames{Encoding::frames, Framing::plain, Envelope::none,
                                  TopicField::none};

EventRef event(std::string_view data, std::string_view type = {}, DataKind kind = DataKind::text) {
  const std::string_view topic = "orders/42";
  EventRef made = Event::make({std::span(&topic, 1), type, data, kind, 0});
  const_cast<Event*>(made.get())
      ->number_it({epoch, EventNumber{7}}, WallTime(std::chrono::microseconds(258)), {});
  return made;
}

std::string shown(WireFormat format, const EventRef& e) {
  std::string out;
  append_event(out, format, epoch, *e);
  return out;
}

TEST(Wire, the_canonical_format_is_the_events_own_chunk) {
  const EventRef e = event("x");
  EXPECT_EQ(shown(WireFormat{}, e), e->chunked_frame());
}

TEST(Wire, a_topic_line_follows_the_id) {
  WireFormat format = plain_sse;
  format.topic_field = TopicField::shown;
  EXPECT_EQ(shown(format, event("x", "price")),
            "id: 5f3a9c21d04be877-7\ntopic: orders/42\nevent: price\ndata: x\n\n");
}

TEST(Wire, an_envelope_is_the_ndjson_object_without_an_event_field) {
  WireFormat format = plain_sse;
  format.envelope = Envelope::json;
  EXPECT_EQ(shown(format, event("x", "price")),
            "id: 5f3a9c21d04be877-7\n"
            R"(data: {"id":"5f3a9c21d04be877-7","topic":"orders/42","event":"price","data":"x"})"
            "\n\n");
}

TEST(Wire, ndjson_has_its_keys_in_order_and_json_as_json) {
  EXPECT_EQ(shown(plain_ndjson, event("{\"a\": 1.50,\n\"b\":[]}", "t", DataKind::json)),
            "{\"id\":\"5f3a9c21d04be877-7\",\"topic\":\"orders/"
            "42\",\"event\":\"t\",\"data\":{\"a\": 1.50,\"b\":[]}}\n");
  EXPECT_EQ(shown(plain_ndjson, event("{\"a\":1}")),
            "{\"id\":\"5f3a9c21d04be877-7\",\"topic\":\"orders/42\",\"data\":\"{\\\"a\\\":1}\"}\n")
      << "what was not published as JSON is a string";
  EXPECT_EQ(shown(plain_ndjson, event("\xff\x01", {}, DataKind::binary)),
            "{\"id\":\"5f3a9c21d04be877-7\",\"topic\":\"orders/42\",\"data\":\"/"
            "wE=\",\"encoding\":\"base64\"}\n");
}

TEST(Wire, a_frame_is_length_kind_flags_number_time_topic_type_and_data) {
  const std::string out = shown(plain_frames, event("hello", "t"));
  const std::string expected = std::string("\0\0\0\x24", 4) + '\x01' + '\0' +
                               std::string("\0\0\0\0\0\0\0\x07", 8) +
                               std::string("\0\0\0\0\0\0\x01\x02", 8) + std::string("\0\x09", 2) +
                               "orders/42" + '\x01' + "t" + "hello";
  EXPECT_EQ(out, expected);
}

TEST(Wire, chunked_formats_are_one_chunk_an_event) {
  WireFormat format = plain_ndjson;
  format.framing = Framing::chunked;
  const std::string out = shown(format, event("x"));
  const std::size_t head = out.find("\r\n");
  EXPECT_EQ(std::stoul(out.substr(0, head), nullptr, 16), out.size() - head - 4);
  EXPECT_TRUE(out.ends_with("}\n\r\n"));
}

TEST(Wire, the_first_block_has_retry_and_the_position) {
  std::string out;
  append_head_block(out, plain_sse, epoch, 2500, EventId{epoch, EventNumber{3}});
  EXPECT_EQ(out, "retry: 2500\nid: 5f3a9c21d04be877-3\n\n");
  out.clear();
  append_head_block(out, plain_sse, epoch, 2500, std::nullopt);
  EXPECT_EQ(out, "retry: 2500\n\n") << "a gap that follows carries the id";
  out.clear();
  append_head_block(out, plain_ndjson, epoch, 2500, EventId{epoch, EventNumber{3}});
  EXPECT_EQ(out, "");
}

TEST(Wire, a_heartbeat_is_one_line_and_fires_nothing) {
  std::string out;
  append_heartbeat(out, plain_sse);
  EXPECT_EQ(out, ":\n");
  out.clear();
  append_heartbeat(out, plain_ndjson);
  EXPECT_EQ(out, "\n");
}

TEST(Wire, a_beacon_moves_the_position) {
  std::string out;
  append_beacon(out, plain_sse, {epoch, EventNumber{9}});
  EXPECT_EQ(out, "id: 5f3a9c21d04be877-9\n\n");
  out.clear();
  append_beacon(out, plain_ndjson, {epoch, EventNumber{9}});
  EXPECT_EQ(out, "{\"id\":\"5f3a9c21d04be877-9\"}\n");
}

TEST(Wire, control_events_have_their_type_and_data_and_an_id_where_readers_move) {
  const Control gap{"fanfare.gap", R"({"asked":"x"})", EventId{epoch, EventNumber{5}}, 0};
  std::string out;
  append_control(out, plain_sse, gap);
  EXPECT_EQ(out, "id: 5f3a9c21d04be877-5\nevent: fanfare.gap\ndata: {\"asked\":\"x\"}\n\n");
  out.clear();
  append_control(out, plain_ndjson, gap);
  EXPECT_EQ(
      out,
      "{\"id\":\"5f3a9c21d04be877-5\",\"event\":\"fanfare.gap\",\"data\":{\"asked\":\"x\"}}\n");
  out.clear();
  append_control(out, plain_sse, {"fanfare.close", "{}", std::nullopt, 1500});
  EXPECT_EQ(out, "retry: 1500\nevent: fanfare.close\ndata: {}\n\n");
}

TEST(Wire, a_message_to_one_stream_has_no_id) {
  std::string out;
  append_message(out, plain_sse, "note", "a\nb", DataKind::text);
  EXPECT_EQ(out, "event: note\ndata: a\ndata: b\n\n");
  out.clear();
  append_message(out, plain_ndjson, "note", "a\nb", DataKind::text);
  EXPECT_EQ(out, "{\"event\":\"note\",\"data\":\"a\\nb\"}\n");
}

TEST(Wire, each_format_has_a_feed_of_its_own) {
  std::string tags;
  for (const Encoding encoding : {Encoding::sse, Encoding::ndjson, Encoding::frames}) {
    for (const Framing framing : {Framing::chunked, Framing::plain}) {
      for (const Envelope envelope : {Envelope::none, Envelope::json}) {
        for (const TopicField field : {TopicField::none, TopicField::shown}) {
          const char tag = WireFormat{encoding, framing, envelope, field}.tag();
          EXPECT_EQ(tags.find(tag), tags.npos);
          tags += tag;
        }
      }
    }
  }
}

}  // namespace
}  // namespace fanfare
