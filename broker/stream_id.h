// broker/stream_id.h: the public id of a stream: where it is, and a MAC that proves that we gave
// it.
//
// 48 hex digits: worker (2), slot (6), generation (8), MAC (32). The MAC's 128 bits make it
// unguessable, and nothing has to be stored to check it. It is a capability: lists and logs show
// only its first 8 characters. Thread: any; immutable after construction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/engine.h"
#include "net/mac.h"

namespace fanfare {

struct StreamAddress {
  uint32_t worker = 0;
  Slot slot;
};

class StreamIds {
 public:
  explicit StreamIds(const MacKey& key) : key_(key) {}

  std::string text(uint32_t worker, Slot slot) const;
  // Nothing for what we did not give.
  std::optional<StreamAddress> parse(std::string_view text) const;

 private:
  Mac128 mac(uint64_t place) const;
  const MacKey key_;
};

constexpr std::size_t stream_id_bytes = 48;
constexpr std::size_t stream_id_shown_bytes = 8;

}  // namespace fanfare
