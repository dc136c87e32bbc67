// broker/cloud_events.h: CloudEvents 1.0 over HTTP as events of ours: structured, batch and binary
// mode (protocol 3).
//
// Thread: its worker's; lives during one request.
// The topic is the path's, else extension `fanfaretopic`, `subject`, `source`; the event type is
// `type`; the key is made of `source` and `id`. Readers get structured JSON, or with ?ce=data the
// data alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/fault.h"
#include "broker/publish_item.h"
#include "net/json.h"
#include "net/text_arena.h"

namespace fanfare {

struct PublishLimits;
struct PublishRequest;

enum class CloudEventMode : uint8_t { none, structured, batch, binary };

CloudEventMode cloud_event_mode(const PublishRequest& request);

class CloudEventReader {
 public:
  static constexpr std::size_t key_parts_bytes_max = 2048;  // of source and id

  CloudEventReader(const PublishRequest& request, const PublishLimits& limits, JsonReader& json,
                   TextArena& arena, std::vector<PublishItem>& items)
      : request_(request), limits_(limits), json_(json), arena_(arena), items_(items) {}

  std::optional<Fault> read(CloudEventMode mode, std::string_view body);

 private:
  // The attributes that mean something to us; views.
  struct Attributes {
    std::string_view specversion, id, source, type, subject, topic, content_type;
    std::string_view* named(std::string_view name);
  };

  std::optional<Fault> read_structured(std::string_view body);
  std::optional<Fault> read_batch(std::string_view body);
  std::optional<Fault> read_binary(std::string_view body);
  std::optional<Fault> add_object();
  std::optional<Fault> take_attribute(const JsonMember& member, Attributes& attributes);
  std::optional<Fault> take_header(std::string_view name, std::string_view value,
                                   Attributes& attributes, std::string& text);
  std::optional<Fault> take_data(const JsonMember* data, const JsonMember* base64,
                                 PublishItem& item);
  std::optional<Fault> take_body(std::string_view body, PublishItem& item, std::string& text);
  std::optional<Fault> check_attributes(const Attributes& attributes);
  std::optional<Fault> name_item(const Attributes& attributes, PublishItem& item);
  std::optional<Fault> add(const PublishItem& item);
  bool only_data() const;

  const PublishRequest& request_;
  const PublishLimits& limits_;
  JsonReader& json_;
  TextArena& arena_;
  std::vector<PublishItem>& items_;
};

}  // namespace fanfare
