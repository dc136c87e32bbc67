// broker/publication.h: events on their way to the bus, and what became of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/event.h"
#include "core/time.h"

namespace fanfare {

// An idempotency key on an item, and what it stands for: the same key with another body is refused.
struct PublishKey {
  uint64_t scope_and_key = 0;  // hash of publisher, target and key; 0: none
  uint64_t body = 0;           // hash of what was published
};

// The answer to a publish. Refused: nothing of it is published.
struct PublishResult {
  enum class Kind : uint8_t {
    published,
    congested,
    bus_full,
    key_conflict,
    key_in_progress,
    draining
  };
  Kind kind = Kind::published;
  uint32_t count = 0;
  EventNumber first, last;
  bool replayed = false;  // all of it was published before, under the same key
};

// How long a publication waits for room before it is refused.
enum class Patience : uint8_t { publish_wait, forever };

struct Publication {
  std::vector<EventRef> events;  // encoded, without numbers
  std::vector<PublishKey> keys;  // empty, or one for each event
  PublishKey request_key;        // Idempotency-Key on the whole request
  PublishResult before;          // set by Publisher: what its item keys had published before
  uint32_t repeated = 0;         // set by Publisher: items whose key another of them has, too
  Patience patience = Patience::publish_wait;
  bool keyed() const { return !keys.empty() || request_key.scope_and_key != 0; }
};

}  // namespace fanfare
