// tests/broker/publish_body_test.cc: every form of a publish, and what each bad one is told.
#include "broker/publish_body.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/text_rules.h"

namespace fanfare {
namespace {

using namespace std::string_literals;

class Publish : public testing::Test {
 protected:
  // POST /topics/{topic}
  bool to_topic(std::string_view body, std::string_view type = "") {
    request_.path_topic = topic_;
    return read(body, type);
  }
  // POST /events
  bool json(std::string_view body) { return to_events(body, "application/json"); }
  bool ndjson(std::string_view body) { return to_events(body, "application/x-ndjson"); }
  bool to_events(std::string_view body, std::string_view type) {
    request_.path_topic.reset();
    return read(body, type);
  }

  bool read(std::string_view body, std::string_view type) {
    body_ = body;
    request_.content_type = type;
    const auto fault = reader_.read(request_, body_, limits_, batch_);
    fault_ = fault.value_or(Fault{.status = 200});
    EXPECT_TRUE(!fault || batch_.items().empty());
    EXPECT_TRUE(!fault || !fault->slug.empty());
    EXPECT_TRUE(is_valid_utf8(fault_.detail)) << fault_.detail;
    EXPECT_FALSE(find_refused_character(fault_.detail)) << fault_.detail;
    return !fault;
  }
  bool says(std::string_view part) const { return fault_.detail.find(part) != std::string::npos; }
  const PublishItem& item(std::size_t i = 0) const { return batch_.items()[i]; }

  PublishRequest request_;
  PublishLimits limits_;
  PublishReader reader_;
  PublishBatch batch_;
  Fault fault_;
  std::string body_;
  std::string topic_ = "orders/42";
};

#define REFUSED(call, wanted_status, part)                    \
  do {                                                        \
    EXPECT_FALSE(call);                                       \
    EXPECT_EQ(fault_.status, wanted_status) << fault_.detail; \
    EXPECT_TRUE(says(part)) << fault_.detail;                 \
  } while (false)

TEST_F(Publish, a_body_to_a_topic_is_one_event_byte_for_byte) {
  ASSERT_TRUE(to_topic("a\r\nb\n", "application/x-www-form-urlencoded"));
  EXPECT_EQ(item().data, "a\r\nb\n");
  EXPECT_EQ(item().data_kind, DataKind::text);
  EXPECT_EQ(item().topic(), "orders/42");
  EXPECT_EQ(item().type, "");
  EXPECT_EQ(batch_.shape(), AnswerShape::one);
  ASSERT_TRUE(to_topic(""));  // empty data is an event
  EXPECT_EQ(item().data, "");
}

TEST_F(Publish, text_is_utf8_without_nul_and_bytes_are_anything) {
  REFUSED(to_topic("a\xFF"), 400, "the body is not valid UTF-8 at byte 1");
  REFUSED(to_topic("a\0b"s), 400, "the body holds NUL at byte 1");
  EXPECT_TRUE(says("application/octet-stream"));
  ASSERT_TRUE(to_topic("a\0\xFF"s, "Application/Octet-Stream; x=y"));
  EXPECT_EQ(item().data, "a\0\xFF"s);
  EXPECT_EQ(item().data_kind, DataKind::binary);
}

TEST_F(Publish, json_to_a_topic_is_checked_and_kept_byte_for_byte) {
  ASSERT_TRUE(to_topic("{ \"a\": 1e400 }\n", "application/json; charset=utf-8"));
  EXPECT_EQ(item().data, "{ \"a\": 1e400 }\n");
  EXPECT_EQ(item().data_kind, DataKind::json);
  REFUSED(to_topic("{a:1}", "application/json"), 400, "not the JSON that its Content-Type says");
  EXPECT_EQ(fault_.slug, slug::bad_json);
  ASSERT_TRUE(to_topic("[1]", "application/geo+json"));
  EXPECT_EQ(item().data_kind, DataKind::json);
}

TEST_F(Publish, the_query_sets_type_and_retry) {
  request_.event = "price";
  request_.retry = "100";
  ASSERT_TRUE(to_topic("x"));
  EXPECT_EQ(item().type, "price");
  EXPECT_EQ(item().retry_ms, 100U);
  request_.retry = "3600000";
  ASSERT_TRUE(to_topic("x"));
  for (const auto* bad : {"99", "3600001", "x", "1e3", " 200", "-1", "99999999999"}) {
    request_.retry = bad;
    REFUSED(to_topic("x"), 400, "a whole number of milliseconds from 100 to 3600000");
    EXPECT_EQ(fault_.field, "retry");
  }
  request_.retry = "";
  ASSERT_TRUE(to_topic("x"));
  EXPECT_EQ(item().retry_ms, 0U);
}

TEST_F(Publish, event_types_have_rules) {
  const std::string long_type(256, 'x');
  const std::pair<std::string, std::string_view> cases[] = {
      {"fanfare.gap", "begins with 'fanfare.'"},
      {"a\nb", "holds a line end or NUL"},
      {"a\rb", "holds a line end or NUL"},
      {"a\0b"s, "holds a line end or NUL"},
      {"\xFF", "not valid UTF-8"},
      {long_type, "has 256 bytes; at most 255"}};
  for (const auto& [type, part] : cases) {
    request_.event = type;
    REFUSED(to_topic("x"), 400, part);
    EXPECT_EQ(fault_.field, "event");
  }
  for (const auto* good : {"fanfare", "message", "é", "com.fanfare.x"}) {
    request_.event = good;
    EXPECT_TRUE(to_topic("x")) << good;
  }
}

TEST_F(Publish, private_is_for_the_whole_request) {
  request_.is_private = "1";
  ASSERT_TRUE(to_topic("x"));
  EXPECT_EQ(item().visibility, Visibility::only_private);
  request_.is_private = "yes";
  REFUSED(to_topic("x"), 400, "private is 'yes': it is 1 or 0");
  request_.is_private = "0";
  ASSERT_TRUE(json(R"([{"topic":"a","data":1,"private":true},{"topic":"a","data":1}])"));
  EXPECT_EQ(item(0).visibility, Visibility::only_private);
  EXPECT_EQ(item(1).visibility, Visibility::everyone);
}

TEST_F(Publish, bad_topics_of_the_path_are_refused) {
  topic_ = "$inbox/1";
  REFUSED(to_topic("x"), 403, "begins with '$'");
  topic_ = "a/*";
  REFUSED(to_topic("x"), 400, "patterns are only for subscribing");
  topic_ = "";
  REFUSED(to_topic("x"), 400, "did your shell expand `$`");
}

TEST_F(Publish, one_json_object_is_one_event) {
  ASSERT_TRUE(json(R"( {"topic":"orders/42","data": {"p" : 1.50}, "event":"price",
                       "retry": 5000, "key":"k1"} )"));
  EXPECT_EQ(item().topic(), "orders/42");
  EXPECT_EQ(item().data, R"({"p":1.50})");
  EXPECT_EQ(item().data_kind, DataKind::json);
  EXPECT_EQ(item().type, "price");
  EXPECT_EQ(item().retry_ms, 5000U);
  EXPECT_EQ(item().key, "k1");
  EXPECT_EQ(batch_.shape(), AnswerShape::one);
}

TEST_F(Publish, data_that_is_a_string_is_sent_as_that_string) {
  ASSERT_TRUE(json(R"({"topic":"a","data":"x\n\u00e9\""})"));
  EXPECT_EQ(item().data, "x\né\"");
  EXPECT_EQ(item().data_kind, DataKind::text);
  REFUSED(json(R"({"topic":"a","data":"x\u0000"})"), 400, "\"data\" holds NUL at byte 1");
  REFUSED(json(R"({"topic":"a","data":"\ud800"})"), 400, "half of a surrogate pair");
  ASSERT_TRUE(json(R"({"topic":"a","data":["\ud800",1e400,-0]})"));  // its own text
  EXPECT_EQ(item().data, R"(["\ud800",1e400,-0])");
  ASSERT_TRUE(json(R"({"topic":"a","data":null})"));
  EXPECT_EQ(item().data, "null");
  ASSERT_TRUE(json(R"({"topic":"a","data":""})"));
}

TEST_F(Publish, unknown_missing_and_double_members_are_named) {
  REFUSED(json(R"({"topic":"a","data":1,"evnet":"x"})"), 400, "unknown member 'evnet'");
  EXPECT_EQ(fault_.field, "evnet");
  REFUSED(json(R"({"topic":"a","data":1,"id":"1-2"})"), 400, "the broker numbers events itself");
  REFUSED(json(R"({"topic":"a"})"), 400, "\"data\" is missing");
  EXPECT_EQ(fault_.field, "data");
  REFUSED(json(R"({"data":1})"), 400, "\"topic\" is missing");
  REFUSED(json(R"({"topic":"a","data":1,"data":2})"), 400, "a name stands twice: 'data'");
  EXPECT_EQ(fault_.field, "data");
  REFUSED(json("{\"topic\":\"a\",\"data\":1,\"x\\u0007\":2}"), 400, "'x\\u{7}'");
  REFUSED(json("{}"), 400, "\"topic\" is missing");
}

TEST_F(Publish, a_long_name_is_cut_at_a_character) {
  std::string name;
  for (int i = 0; i < 200; ++i) name += "é";
  const std::string member = ",\"" + name + "\":1";
  REFUSED(json(R"({"topic":"a","data":1)" + member + "}"), 400, "unknown member");
  EXPECT_EQ(fault_.field.size(), 254U);
  EXPECT_TRUE(is_valid_utf8(fault_.field));
  REFUSED(json(R"({"topic":"a","data":1)" + member + member + "}"), 400, "");
  EXPECT_TRUE(is_valid_utf8(fault_.field));
}

TEST_F(Publish, members_of_a_wrong_kind_are_named) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"topic":1,"data":1})", "\"topic\" is not a string or a list of strings"},
      {R"({"topic":["a",1],"data":1})", "\"topic\" is not a string or a list of strings"},
      {R"({"topic":[["a"]],"data":1})", "\"topic\" is not a string or a list of strings"},
      {R"({"topic":[],"data":1})", "\"topic\" is an empty list"},
      {R"({"topic":["\ud800"],"data":1})", "surrogate"},
      {R"({"topic":"a","data":1,"event":null})", "\"event\" is not a string"},
      {R"({"topic":"a","data":1,"event":"fanfare.x"})", "begins with 'fanfare.'"},
      {R"({"topic":"a","data":1,"retry":"100"})", "retry is"},
      {R"({"topic":"a","data":1,"retry":100.0})", "retry is '100.0'"},
      {R"({"topic":"a","data":1,"key":7})", "\"key\" is not a string"},
      {R"({"topic":"a","data":1,"key":""})", "\"key\" has 0 bytes"},
      {R"({"topic":"a","data":1,"key":"ce\nx"})", "\"key\" holds U+000A"},
      {R"({"topic":"a","data":1,"private":1})", "\"private\" is not true or false"},
      {R"({"topic":"a","end":"yes"})", "\"end\" is not true or false"},
      {R"({"topic":"a/../b","data":1})", "a segment '..'"},
  };
  for (const auto& [body, part] : cases) REFUSED(json(body), 400, part);
  REFUSED(json(R"({"topic":"$stats","data":1})"), 403, "begins with '$'");
}

TEST_F(Publish, a_topic_may_be_a_list_of_at_most_16) {
  ASSERT_TRUE(json(R"({"topic":["b","a","b"],"data":1})"));
  ASSERT_EQ(item().topics.size(), 2U);
  EXPECT_EQ(item().topics[0], "b");
  EXPECT_EQ(item().topics[1], "a");
  std::string list = "\"t0\"";
  for (int i = 1; i < 16; ++i) list += ",\"t" + std::to_string(i) + "\"";
  ASSERT_TRUE(json("{\"topic\":[" + list + "],\"data\":1}"));
  EXPECT_EQ(item().topics.size(), 16U);
  REFUSED(json("{\"topic\":[" + list + ",\"t16\"],\"data\":1}"), 400,
          "lists 17 topics; an event has at most 16");
}

TEST_F(Publish, an_end_needs_no_data) {
  ASSERT_TRUE(json(R"({"topic":"a","end":true})"));
  EXPECT_TRUE(item().end);
  EXPECT_FALSE(item().has_data);
  ASSERT_TRUE(json(R"({"topic":"a","end":true,"data":"x"})"));
  EXPECT_TRUE(item().has_data);
  REFUSED(json(R"({"topic":"a","end":false})"), 400, "\"data\" is missing");
}

TEST_F(Publish, an_array_is_a_batch_and_a_fault_names_its_index) {
  ASSERT_TRUE(json(R"( [{"topic":"a","data":1},{"topic":"b","data":"x"}] )"));
  EXPECT_EQ(batch_.items().size(), 2U);
  EXPECT_EQ(batch_.shape(), AnswerShape::batch);
  REFUSED(json(R"([{"topic":"a","data":1},{"topic":"b"}])"), 400, "item 1 (the first is 0): ");
  EXPECT_EQ(fault_.index, 1U);
  EXPECT_FALSE(fault_.line);
  REFUSED(json(R"([{"topic":"a","data":1},{"topic":"b","data":}])"), 400, "item 1");
  REFUSED(json(R"([{"topic":"a","data":1}, 7])"), 400, "expected an object");
  REFUSED(json("[]"), 400, "there is no event in the body");
  REFUSED(json(""), 400, "there is no value");
  REFUSED(json("7"), 400, "expected an object");
}

TEST_F(Publish, ndjson_counts_lines_from_one_and_passes_empty_ones_over) {
  ASSERT_TRUE(ndjson("{\"topic\":\"a\",\"data\":1}\r\n\r\n \n\n{\"topic\":\"b\",\"data\":2}"));
  ASSERT_EQ(batch_.items().size(), 2U);
  EXPECT_EQ(item(1).topic(), "b");
  EXPECT_EQ(batch_.shape(), AnswerShape::batch);
  REFUSED(ndjson("{\"topic\":\"a\",\"data\":1}\n\n{\"topic\":\"b\"}\n"), 400,
          "line 3: \"data\" is missing");
  EXPECT_EQ(fault_.line, 3U);
  REFUSED(ndjson("{\"topic\":\"a\",\n\"data\":1}\n"), 400, "line 1: ");
  REFUSED(ndjson("{\"topic\":\"a\",\"data\":1}{\"topic\":\"a\",\"data\":1}\n"), 400,
          "expected nothing more after the value");
  REFUSED(ndjson("[{\"topic\":\"a\",\"data\":1}]\n"), 400, "expected an object, found '['");
  REFUSED(ndjson("{\"topic\":\"a\",\"data\":1}\n{\"topic\":\"a\",\"data\":\"\xFF\"}\n"), 400,
          "line 2: not valid UTF-8");
  REFUSED(ndjson("\n\r\n"), 400, "there is no event in the body");
  for (const auto* type :
       {"application/ndjson", "application/jsonl; x=y", "APPLICATION/X-NDJSON"}) {
    EXPECT_TRUE(read("{\"topic\":\"a\",\"data\":1}", type)) << type;
  }
}

TEST_F(Publish, limits_are_413) {
  limits_ = {.event_bytes_max = 10, .batch_bytes_max = 200, .batch_events_max = 3};
  REFUSED(to_topic("12345678901"), 413, "the data has 11 bytes; at most 10 are allowed");
  ASSERT_TRUE(to_topic("1234567890"));
  REFUSED(json(R"({"topic":"a","data":"12345678901"})"), 413, "\"data\" has 11 bytes");
  ASSERT_TRUE(json(R"({"topic":"a","data":"\u0031234567890"})"));
  REFUSED(json(std::string(201, ' ')), 413, "the body has 201 bytes; at most 200 are allowed");
  const std::string line = "{\"topic\":\"a\",\"data\":1}\n";
  ASSERT_TRUE(ndjson(line + line + line));
  REFUSED(ndjson(line + line + line + line), 413, "line 4: a batch has at most 3 events");
  limits_ = {};
  std::string many;
  for (int i = 0; i < 4096; ++i) many += line;
  ASSERT_TRUE(ndjson(many));
  EXPECT_EQ(batch_.items().size(), 4096U);
  REFUSED(ndjson(many + line), 413, "at most 4096 events");
}

TEST_F(Publish, other_types_to_events_are_415_with_a_hint) {
  REFUSED(read("{}", ""), 415, "there is no Content-Type");
  REFUSED(read("{}", "application/x-www-form-urlencoded"), 415, "which curl sends unless told");
  REFUSED(read("{}", "text/plain"), 415, "application/json or application/x-ndjson");
}

TEST_F(Publish, query_parts_that_would_mean_nothing_are_refused) {
  request_.event = "x";
  REFUSED(json(R"({"topic":"a","data":1})"), 400, "are for POST /topics/{topic}");
  EXPECT_EQ(fault_.field, "event");
  request_ = {};
  request_.ce = "data";
  REFUSED(json(R"({"topic":"a","data":1})"), 400, "ce= is for CloudEvents");
}

TEST_F(Publish, a_line_of_the_socket_stands_alone) {
  const std::string one = "{\"topic\":\"a\",\"data\":1}\r", bad = "{\"topic\":\"a\"}";
  EXPECT_FALSE(reader_.read_line(one, limits_, batch_));
  const auto fault = reader_.read_line(bad, limits_, batch_);
  ASSERT_TRUE(fault);
  EXPECT_FALSE(fault->line);
  EXPECT_EQ(batch_.items().size(), 1U);
  EXPECT_FALSE(reader_.read_line("\r", limits_, batch_));
  EXPECT_FALSE(reader_.read_line(one, limits_, batch_));
  EXPECT_EQ(batch_.items().size(), 2U);
  EXPECT_EQ(batch_.items()[0].topic(), "a");
}

TEST_F(Publish, a_batch_that_is_used_again_takes_no_new_memory) {
  std::string body;
  for (int i = 0; i < 200; ++i) body += "{\"topic\":\"t\\u0061\",\"data\":{\"i\" : 1}}\n";
  ASSERT_TRUE(ndjson(body));
  ASSERT_TRUE(ndjson(body));
  const std::size_t bytes = batch_.memory_bytes();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(ndjson(body));
  EXPECT_EQ(batch_.memory_bytes(), bytes);
}

TEST(IdempotencyKey, is_quoted_or_bare) {
  EXPECT_EQ(*parse_idempotency_key("abc"), "abc");
  EXPECT_EQ(*parse_idempotency_key(" \"abc\" "), "abc");
  EXPECT_EQ(*parse_idempotency_key(std::string(255, 'x')), std::string(255, 'x'));
  for (const auto& bad : {""s, "\"\""s, "a b"s, "a\tb"s, "é"s, std::string(256, 'x')}) {
    const auto key = parse_idempotency_key(bad);
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.fault().status, 400);
    EXPECT_EQ(key.fault().field, "Idempotency-Key");
  }
}

}  // namespace
}  // namespace fanfare
