// broker/exact_topics.cc: one feed in place, several in a list.
#include "broker/exact_topics.h"

#include "core/check.h"

namespace fanfare {

bool ExactTopics::add(uint32_t feed, const Subscription& subscription, uint32_t place) {
  CHECK_LT(feed, feeds_max);
  const std::string_view name = subscription.exact_topics()[place];
  const auto found = entries_.find(HashedName{name, topic_hash(name)});
  if (found == entries_.end()) {
    entries_.insert(Entry{Subscription::Ref(&subscription), place, feed});
    return true;
  }
  if ((found->feeds & is_list) == 0) make_list(*found);
  list_of(*found).add(feed);
  return false;
}

bool ExactTopics::remove(uint32_t feed, const HashedName& topic) {
  const auto found = entries_.find(topic);
  CHECK(found != entries_.end());
  if ((found->feeds & is_list) == 0) {
    CHECK_EQ(found->feeds, feed);
    entries_.erase(found);
    return true;
  }
  IdList& list = list_of(*found);
  list.remove(feed);
  if (list.size() == 1) drop_list(*found);
  return false;
}

std::span<const uint32_t> ExactTopics::feeds_of(const HashedName& topic) const {
  const auto found = entries_.find(topic);
  if (found == entries_.end()) return {};
  if ((found->feeds & is_list) == 0) return {&found->feeds, 1};
  return lists_[found->feeds & ~is_list].ids();
}

void ExactTopics::make_list(const Entry& entry) {
  const uint32_t only = entry.feeds;
  if (free_lists_.empty()) {
    free_lists_.push_back(static_cast<uint32_t>(lists_.size()));
    lists_.emplace_back();
  }
  entry.feeds = is_list | free_lists_.back();
  free_lists_.pop_back();
  list_of(entry).add(only);
}

void ExactTopics::drop_list(const Entry& entry) {
  IdList& list = list_of(entry);
  free_lists_.push_back(entry.feeds & ~is_list);
  entry.feeds = list[0];
  list = {};
}

std::size_t ExactTopics::memory_bytes() const {
  // A slot of a flat set carries one more byte of bookkeeping.
  std::size_t bytes = entries_.bucket_count() * (sizeof(Entry) + 1);
  bytes += lists_.capacity() * sizeof(IdList) + free_lists_.capacity() * sizeof(uint32_t);
  for (const IdList& list : lists_) bytes += list.heap_bytes();
  return bytes;
}

}  // namespace fanfare
