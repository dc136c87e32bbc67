// broker/publish_item.h: one event as its publisher gave it: checked, not yet numbered or encoded.
//
// A value of views. They look into the request's body, the request's other parts (path, query,
// headers), and the PublishBatch that holds the item: all three must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fanfare {

constexpr std::size_t topics_per_event_max = 16;
constexpr std::size_t event_type_bytes_max = 255;
constexpr std::size_t key_bytes_max = 255;
constexpr uint32_t retry_ms_min = 100;
constexpr uint32_t retry_ms_max = 3'600'000;

enum class DataKind : uint8_t {
  text,    // valid UTF-8 without NUL
  json,    // the same, and one JSON value (a raw body's may have white space and line ends in it)
  binary,  // any bytes
};

enum class Visibility : uint8_t { everyone, only_private };

struct PublishItem {
  // 1..16, distinct, each allowed by check_publish_topic; the first is canonical.
  std::span<const std::string_view> topics;
  std::string_view type;  // empty: none
  std::string_view data;
  std::string_view key;   // "key", or of a CloudEvent its source and id; empty: none
  uint32_t retry_ms = 0;  // 0: none
  DataKind data_kind = DataKind::text;
  Visibility visibility = Visibility::everyone;
  bool has_data = true;  // false only with `end`
  bool end = false;      // "end":true, the topic ends after this

  std::string_view topic() const { return topics.front(); }
};

}  // namespace fanfare
