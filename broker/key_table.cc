// broker/key_table.cc: remembering and expiring idempotency keys.
#include "broker/key_table.h"

namespace fanfare {
namespace {

constexpr Duration key_age_max = std::chrono::minutes(5);

}  // namespace

KeyTable::Found KeyTable::find(const PublishKey& key, PublishResult& result) const {
  const auto found = entries_.find(key.scope_and_key);
  if (found == entries_.end()) return Found::fresh;
  if (found->second.body != key.body) return Found::conflict;
  if (!found->second.done) return Found::in_progress;
  result = found->second.result;
  result.replayed = true;
  return Found::replay;
}

void KeyTable::begin(const PublishKey& key, Instant now) {
  expire(now);
  entries_.insert_or_assign(key.scope_and_key, Entry{key.body, false, now, {}});
  order_.emplace_back(now, key.scope_and_key);
}

void KeyTable::remember(const PublishKey& key, const PublishResult& result, Instant now) {
  const auto found = entries_.find(key.scope_and_key);
  if (found == entries_.end()) return;
  found->second.done = true;
  found->second.made = now;
  found->second.result = result;
}

void KeyTable::expire(Instant now) {
  while (!order_.empty() &&
         (now - order_.front().first > key_age_max || order_.size() > keys_max_)) {
    const auto [made, key] = order_.front();
    const auto found = entries_.find(key);
    if (found != entries_.end() && now - found->second.made <= key_age_max &&
        order_.size() <= keys_max_) {
      // Answered later than it began, or begun anew: its five minutes count from then.
      order_.pop_front();
      order_.emplace_back(found->second.made, key);
      continue;
    }
    if (found != entries_.end()) entries_.erase(found);
    order_.pop_front();
  }
}

}  // namespace fanfare
