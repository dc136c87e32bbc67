// tests/broker/cloud_events_test.cc: the three modes of CloudEvents over HTTP, and what each bad
// one is told.
#include "broker/cloud_events.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/publish_body.h"
#include "broker/text_rules.h"

namespace fanfare {
namespace {

using namespace std::string_literals;

class Cloud : public testing::Test {
 protected:
  bool read(std::string_view body, std::string_view type) {
    body_ = body;
    request_.content_type = type;
    request_.headers = headers_;
    const auto fault = reader_.read(request_, body_, limits_, batch_);
    fault_ = fault.value_or(Fault{.status = 200});
    EXPECT_TRUE(is_valid_utf8(fault_.detail));
    EXPECT_FALSE(find_refused_character(fault_.detail)) << fault_.detail;
    return !fault;
  }
  bool structured(std::string_view body) { return read(body, "application/cloudevents+json"); }
  // The required attributes, then `more`.
  bool with(std::string_view more) {
    return structured(R"({"specversion":"1.0","id":"1","source":"/shop","type":"com.x.sold")" +
                      std::string(more) + "}");
  }
  bool says(std::string_view part) const { return fault_.detail.find(part) != std::string::npos; }
  const PublishItem& item(std::size_t i = 0) const { return batch_.items()[i]; }

  PublishRequest request_;
  PublishLimits limits_;
  PublishReader reader_;
  PublishBatch batch_;
  Fault fault_;
  std::string body_;
  std::vector<PublishHeader> headers_;
};

TEST_F(Cloud, a_structured_event_is_read_as_its_own_compact_text) {
  ASSERT_TRUE(with(R"(, "data" : {"n": 1e400} , "myext" : 5)")) << fault_.detail;
  EXPECT_EQ(
      item().data,
      R"({"specversion":"1.0","id":"1","source":"/shop","type":"com.x.sold","data":{"n":1e400},"myext":5})");
  EXPECT_EQ(item().data_kind, DataKind::json);
  EXPECT_EQ(item().topic(), "/shop");
  EXPECT_EQ(item().type, "com.x.sold");
  EXPECT_EQ(item().key, "ce\n/shop\n1");
  EXPECT_EQ(batch_.shape(), AnswerShape::one);
}

TEST_F(Cloud, the_topic_is_the_paths_then_extension_subject_source) {
  ASSERT_TRUE(with(R"(,"subject":"s/1")"));
  EXPECT_EQ(item().topic(), "s/1");
  ASSERT_TRUE(with(R"(,"subject":"s/1","fanfaretopic":"f/1")"));
  EXPECT_EQ(item().topic(), "f/1");
  request_.path_topic = "p/1";
  ASSERT_TRUE(with(R"(,"subject":"s/1","fanfaretopic":"f/1")"));
  EXPECT_EQ(item().topic(), "p/1");
  request_.path_topic.reset();
  EXPECT_FALSE(with(R"(,"subject":"a/*")"));
  EXPECT_EQ(fault_.field, "subject");
  EXPECT_TRUE(says("taken from the CloudEvent's subject")) << fault_.detail;
  EXPECT_FALSE(with(R"(,"fanfaretopic":"$stats")"));
  EXPECT_EQ(fault_.status, 403);
}

TEST_F(Cloud, readers_get_only_the_data_if_the_publisher_says_so) {
  request_.ce = "data";
  ASSERT_TRUE(with(R"(,"data":{"n": 1})"));
  EXPECT_EQ(item().data, R"({"n":1})");
  EXPECT_EQ(item().data_kind, DataKind::json);
  ASSERT_TRUE(with(R"(,"data":"text\n")"));
  EXPECT_EQ(item().data, "text\n");
  EXPECT_EQ(item().data_kind, DataKind::text);
  ASSERT_TRUE(with(R"(,"data_base64":"AP8=")"));
  EXPECT_EQ(item().data, "\0\xFF"s);
  EXPECT_EQ(item().data_kind, DataKind::binary);
  ASSERT_TRUE(with(""));
  EXPECT_EQ(item().data, "");
  request_.ce = "all";
  EXPECT_FALSE(with(""));
  EXPECT_EQ(fault_.field, "ce");
}

TEST_F(Cloud, faults_name_the_attribute) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"id":"1","source":"/s","type":"t"})", "'specversion' is missing"},
      {R"({"specversion":"0.3","id":"1","source":"/s","type":"t"})",
       "'specversion' is not \"1.0\""},
      {R"({"specversion":"1.0","source":"/s","type":"t"})", "'id' is missing or empty"},
      {R"({"specversion":"1.0","id":"","source":"/s","type":"t"})", "'id' is missing or empty"},
      {R"({"specversion":"1.0","id":"1","type":"t"})", "'source' is missing or empty"},
      {R"({"specversion":"1.0","id":"1","source":"/s"})", "'type' is missing or empty"},
      {R"({"specversion":"1.0","id":1,"source":"/s","type":"t"})", "'id' is not a string"},
      {R"({"specversion":"1.0","id":"1","source":"/s","type":"fanfare.x"})",
       "begins with 'fanfare.'"},
      {R"({"specversion":"1.0","id":"1","source":"/s","type":"t","Ext":1})",
       "names are of a-z and 0-9"},
      {R"({"specversion":"1.0","id":"1","source":"/s","type":"t","ext":{}})",
       "is an object or a list"},
      {R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data":1,"data_base64":""})",
       "one of the two"},
      {R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"?"})",
       "is not base64"},
      {R"({"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"})",
       "a name stands twice: 'id'"},
      {R"([])", "expected an object"},
  };
  for (const auto& [body, part] : cases) {
    EXPECT_FALSE(structured(body)) << body;
    EXPECT_EQ(fault_.status, 400);
    EXPECT_TRUE(says(part)) << fault_.detail;
  }
  EXPECT_FALSE(read("x", "application/cloudevents+avro"));
  EXPECT_EQ(fault_.status, 415);
  request_.event = "x";
  EXPECT_FALSE(with(""));
  EXPECT_TRUE(says("its type is the event's type"));
}

TEST_F(Cloud, a_batch_names_the_index_of_its_fault) {
  const std::string good = R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})";
  ASSERT_TRUE(read("[" + good + "," + good + "]", "application/cloudevents-batch+json"));
  EXPECT_EQ(batch_.items().size(), 2U);
  EXPECT_EQ(batch_.shape(), AnswerShape::batch);
  EXPECT_FALSE(read("[" + good + ",{}]", "application/cloudevents-batch+json; charset=utf-8"));
  EXPECT_EQ(fault_.index, 1U);
  EXPECT_FALSE(read("[]", "application/cloudevents-batch+json"));
  EXPECT_EQ(fault_.slug, slug::empty_batch);
}

TEST_F(Cloud, binary_mode_makes_the_structured_event) {
  headers_ = {{"ce-specversion", "1.0"}, {"ce-id", "a%20b"},         {"ce-source", "/shop"},
              {"ce-type", "sold"},       {"ce-subject", "s/%C3%A9"}, {"x-other", "y"}};
  ASSERT_TRUE(read("{ \"n\": 1 }", "application/json")) << fault_.detail;
  EXPECT_EQ(item().topic(), "s/é");
  EXPECT_EQ(item().type, "sold");
  EXPECT_EQ(item().key, "ce\n/shop\na b");
  EXPECT_EQ(item().data,
            R"({"specversion":"1.0","id":"a b","source":"/shop","type":"sold","subject":"s/é",)"
            R"("datacontenttype":"application/json","data":{"n":1}})");
  ASSERT_TRUE(read("hi \"x\"", "text/plain"));
  EXPECT_NE(item().data.find(R"("data":"hi \"x\"")"), std::string::npos) << item().data;
  ASSERT_TRUE(read("\0\xFF"s, "application/octet-stream"));
  EXPECT_NE(item().data.find(R"("data_base64":"AP8=")"), std::string::npos) << item().data;
  ASSERT_TRUE(read("", ""));
  EXPECT_EQ(item().data.find("data"), std::string::npos);
  request_.ce = "data";
  ASSERT_TRUE(read("\0\xFF"s, "application/octet-stream"));
  EXPECT_EQ(item().data, "\0\xFF"s);
  EXPECT_EQ(item().data_kind, DataKind::binary);
  ASSERT_TRUE(read("hi", "text/plain"));
  EXPECT_EQ(item().data_kind, DataKind::text);
}

TEST_F(Cloud, binary_mode_refuses_bad_headers) {
  const std::vector<PublishHeader> good = {
      {"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "/shop"}, {"ce-type", "sold"}};
  const std::pair<PublishHeader, std::string_view> cases[] = {
      {{"ce-id", "2"}, "'id' stands twice"},
      {{"ce-my_ext", "2"}, "'my_ext' is no attribute"},
      {{"ce-data", "2"}, "'data' is no attribute"},
      {{"ce-x", "%FF"}, "'x' is not valid UTF-8"},
  };
  for (const auto& [header, part] : cases) {
    headers_ = good;
    headers_.push_back(header);
    EXPECT_FALSE(read("x", "text/plain"));
    EXPECT_TRUE(says(part)) << fault_.detail;
  }
  headers_ = good;
  EXPECT_FALSE(read("{x", "application/json"));
  EXPECT_EQ(fault_.slug, slug::bad_json);
  limits_.event_bytes_max = 50;
  EXPECT_FALSE(read("x", "text/plain"));
  EXPECT_EQ(fault_.status, 413);
}

}  // namespace
}  // namespace fanfare
