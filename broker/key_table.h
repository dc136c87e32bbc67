// broker/key_table.h: idempotency keys: what was answered to each, for five minutes.
//
// Thread: its worker's.   Owned by: Broker of the worker that owns the publisher's keys.
// Limit: keys_max; beyond it the oldest go first.
#pragma once

#include <cstdint>
#include <deque>

#include "broker/flat_map.h"
#include "broker/publication.h"

namespace fanfare {

class KeyTable {
 public:
  explicit KeyTable(std::size_t keys_max) : keys_max_(keys_max) {}

  enum class Found : uint8_t { fresh, replay, conflict, in_progress };
  // What is known of the key; `result` is set for a replay.
  Found find(const PublishKey& key, PublishResult& result) const;
  // The key is being published: the same key finds in_progress until remember() or forget().
  void begin(const PublishKey& key, Instant now);
  void remember(const PublishKey& key, const PublishResult& result, Instant now);
  void forget(const PublishKey& key) { entries_.erase(key.scope_and_key); }
  void expire(Instant now);
  std::size_t count() const { return entries_.size(); }

 private:
  struct Entry {
    uint64_t body;
    bool done;
    Instant made;
    PublishResult result;
  };
  const std::size_t keys_max_;
  FlatMap<uint64_t, Entry> entries_;
  std::deque<std::pair<Instant, uint64_t>> order_;
};

}  // namespace fanfare
