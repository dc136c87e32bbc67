// tests/fuzz/json_publish_fuzz.cc: any bytes as the body of a publish. The first byte chooses the
// form.
//
// Beyond not crashing: what is accepted keeps the rules that readers rely on, and JSON agrees with
// itself when read again.
#include <cstdint>
#include <string>

#include "broker/publish_body.h"
#include "broker/topic.h"
#include "core/check.h"

namespace {

using namespace fanfare;

void check_item(const PublishItem& item, JsonReader& json, TextArena& arena) {
  CHECK(!item.topics.empty());
  CHECK_LE(item.topics.size(), topics_per_event_max);
  for (const std::string_view topic : item.topics) CHECK(!check_publish_topic(topic));
  CHECK(!check_event_type(item.type, ""));
  CHECK(item.has_data || item.end);
  if (item.data_kind == DataKind::binary || !item.has_data) return;
  CHECK(is_valid_utf8(item.data));
  CHECK(item.data.find('\0') == item.data.npos);
  if (item.data_kind != DataKind::json) return;
  JsonValue value;
  CHECK(json.read_value(item.data, arena, value));
  std::string compact;
  append_compact_json(compact, item.data);
  CHECK_EQ(compact, value.text);
}

PublishRequest request_of(uint8_t form) {
  static const PublishHeader headers[] = {
      {"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "/s"}, {"ce-type", "t"}};
  PublishRequest request;
  switch (form % 6) {
    case 0:
      request.content_type = "application/json";
      break;
    case 1:
      request.path_topic = "a/b";
      request.content_type = "application/json";
      break;
    case 2:
      request.content_type = "application/cloudevents+json";
      break;
    case 3:
      request.content_type = "application/cloudevents-batch+json";
      break;
    case 4:
      request.content_type = "application/json";
      request.headers = headers;
      break;
    default:
      request.path_topic = "a";
      break;
  }
  if ((form & 0x80) != 0 && form % 6 >= 2 && form % 6 <= 4) request.ce = "data";
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static PublishReader reader;
  static JsonReader json;
  static PublishBatch batch;
  static TextArena arena;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto fault = reader.read(request_of(data[0]), body, PublishLimits{}, batch);
  arena.clear();
  if (fault) {
    CHECK(fault->status >= 400 && fault->status < 500 && !fault->detail.empty());
    CHECK(is_valid_utf8(fault->detail) && is_valid_utf8(fault->field));
    CHECK(batch.items().empty());
  }
  for (const PublishItem& item : batch.items()) check_item(item, json, arena);
  return 0;
}
