// broker/feed_table.cc: opening, closing and matching feeds.
#include "broker/feed_table.h"

namespace fanfare {

FeedTable::~FeedTable() {
  for (auto& feed : feeds_) {
    if (feed) {
      while (!feed->members().empty()) feed->remove_member(0);
    }
  }
}

uint32_t FeedTable::open(const Subscription::Ref& subscription, WireFormat format,
                         EventNumber covered_from) {
  const auto found = by_key_.find(Key{subscription->key(), format.tag()});
  if (found != by_key_.end()) return *found;

  uint32_t id;
  if (free_.empty()) {
    id = static_cast<uint32_t>(feeds_.size());
    feeds_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  for (const std::string_view topic : subscription->exact_topics()) filter_.add(topic_hash(topic));
  for (std::size_t i = 0; i < subscription->patterns().size(); ++i) filter_.add_all();
  patterns_ += subscription->patterns().size();
  feeds_[id] = std::make_unique<Feed>(subscription, format, covered_from);
  index_.add(id, *subscription);
  by_key_.insert(id);
  return id;
}

void FeedTable::close_if_empty(uint32_t id) {
  Feed& feed = *feeds_[id];
  if (!feed.members().empty() || feed.active) return;
  const Subscription& subscription = *feed.subscription();
  index_.remove(id, subscription);
  for (const std::string_view topic : subscription.exact_topics())
    filter_.remove(topic_hash(topic));
  for (std::size_t i = 0; i < subscription.patterns().size(); ++i) filter_.remove_all();
  patterns_ -= subscription.patterns().size();
  by_key_.erase(id);
  feeds_[id].reset();
  free_.push_back(id);
}

const std::vector<uint32_t>& FeedTable::match(const Event& event) {
  matched_.clear();
  marks_.next_event();
  if (event.topic_count() == 1) {
    index_.match(event.topic(), event.topic_hash(), marks_, matched_);
  } else {
    event.for_each_topic(
        [&](std::string_view topic) { index_.match(topic, topic_hash(topic), marks_, matched_); });
  }
  return matched_;
}

}  // namespace fanfare
