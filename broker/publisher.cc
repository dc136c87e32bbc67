// broker/publisher.cc: claim, number, release, wake; parking and answering.
#include "broker/publisher.h"

#include "broker/interest_filter.h"

#include <algorithm>

#include "core/check.h"

namespace fanfare {
namespace {

// Stops at the first topic for which `is` says yes.
template <class Is>
bool any_topic_of(const Publication& publication, const Is& is) {
  for (const EventRef& event : publication.events) {
    if (event->topic_count() == 1) {
      if (is(event->topic_hash())) return true;
      continue;
    }
    bool any = false;
    event->for_each_topic([&](std::string_view topic) { any = any || is(topic_hash(topic)); });
    if (any) return true;
  }
  return false;
}

}  // namespace

Publisher::Publisher(Parts parts, Duration publish_wait, Answer answer)
    : parts_(std::move(parts)), publish_wait_(publish_wait), answer_(std::move(answer)) {}

bool Publisher::congested(const Publication& publication) const {
  return any_topic_of(publication,
                      [this](TopicHash hash) { return parts_.congestion.congested(hash); });
}

bool Publisher::waits_behind_parked(const Publication& publication) const {
  if (parked_.empty()) return false;
  return any_topic_of(publication, [this](TopicHash hash) {
    return parked_bits_.contains(CongestionMap::bit_of(hash));
  });
}

void Publisher::count_parked(const Publication& publication, int step) {
  any_topic_of(publication, [this, step](TopicHash hash) {
    const uint32_t bit = CongestionMap::bit_of(hash);
    if ((parked_bits_[bit] += step) == 0) parked_bits_.erase(bit);
    return false;
  });
}

void Publisher::publish(RequestRef from, Publication&& publication, Instant now, WallTime wall) {
  if (publication.keyed() && !check_keys(from, publication, now)) return;
  PublishResult::Kind why_not{};
  if (!waits_behind_parked(publication) && try_publish(from, publication, now, wall, why_not)) {
    return;
  }
  counters_.parked.add(1);
  count_parked(publication, 1);
  const bool forever = publication.patience == Patience::forever;
  parked_.push_back({from, std::move(publication), forever ? never : now + publish_wait_});
}

bool Publisher::check_keys(RequestRef from, Publication& publication, Instant now) {
  using Found = KeyTable::Found;
  const auto refuse = [&](Found found) {
    const auto kind = found == Found::conflict ? PublishResult::Kind::key_conflict
                                               : PublishResult::Kind::key_in_progress;
    answer_(from, {kind, 0, {}, {}, false});
    return false;
  };
  PublishResult earlier;
  if (publication.request_key.scope_and_key != 0) {
    const Found found = parts_.keys.find(publication.request_key, earlier);
    if (found == Found::replay) {
      answer_(from, earlier);
      return false;
    }
    if (found != Found::fresh) return refuse(found);
  }
  PublishResult& before = publication.before;
  FlatMap<uint64_t, uint64_t> here;  // key and body of those that are to be published
  std::vector<EventRef> fresh_events;
  std::vector<PublishKey> fresh_keys;
  for (std::size_t i = 0; i < publication.keys.size(); ++i) {
    const PublishKey& key = publication.keys[i];
    const Found found = key.scope_and_key == 0 ? Found::fresh : parts_.keys.find(key, earlier);
    if (found == Found::replay) {
      before.first = before.count == 0 ? earlier.first : std::min(before.first, earlier.first);
      before.last = std::max(before.last, earlier.last);
      ++before.count;
      continue;
    }
    if (found != Found::fresh) return refuse(found);
    if (key.scope_and_key != 0) {
      const auto [same, is_first] = here.emplace(key.scope_and_key, key.body);
      if (!is_first && same->second != key.body) return refuse(Found::conflict);
      if (!is_first) {
        ++publication.repeated;
        continue;
      }
    }
    fresh_events.push_back(std::move(publication.events[i]));
    fresh_keys.push_back(key);
  }
  if (!publication.keys.empty()) {
    publication.events = std::move(fresh_events);
    publication.keys = std::move(fresh_keys);
    if (publication.events.empty()) {
      before.replayed = true;
      answer_(from, before);
      return false;
    }
  }
  if (publication.request_key.scope_and_key != 0) parts_.keys.begin(publication.request_key, now);
  for (const PublishKey& key : publication.keys) {
    if (key.scope_and_key != 0) parts_.keys.begin(key, now);
  }
  return true;
}

void Publisher::forget_keys(const Publication& publication) {
  if (publication.request_key.scope_and_key != 0) parts_.keys.forget(publication.request_key);
  for (const PublishKey& key : publication.keys) parts_.keys.forget(key);
}

bool Publisher::try_publish(RequestRef from, Publication& publication, Instant now, WallTime wall,
                            PublishResult::Kind& why_not) {
  if (congested(publication)) {
    why_not = PublishResult::Kind::congested;
    return false;
  }
  std::size_t bytes = 0;
  for (const EventRef& event : publication.events) bytes += event->bytes();
  const auto count = static_cast<uint32_t>(publication.events.size());
  const auto claimed = parts_.bus.claim(count, bytes);
  if (!claimed) {
    parts_.wake_laggards();
    why_not = PublishResult::Kind::bus_full;
    return false;
  }
  // Nothing slow between claim and release: every worker waits for these slots.
  RingIndex index = *claimed;
  hashes_.clear();
  PublishResult result;
  result.count = count;
  result.first = number_of(index);
  for (EventRef& ref : publication.events) {
    // Ours alone until it is released.
    const_cast<Event*>(ref.get())->number_it({parts_.epoch, number_of(index)}, wall, now);
    result.last = ref->number();
    const TopicHash shown = ref->topic_count() == 1 ? ref->topic_hash() : any_topic;
    hashes_.push_back(shown);
    parts_.bus.release(index, ref.release(), shown);
    index = index.plus(1);
  }
  parts_.wake(hashes_);
  counters_.events.add(count);
  counters_.batches.add(1);
  publication.events.clear();
  auto keyed =
      publication.keyed() ? std::make_unique<Publication>(std::move(publication)) : nullptr;
  waiting_.push_back({from, result, std::move(keyed)});
  return true;
}

void Publisher::retry_parked(Instant now, WallTime wall) {
  // In order: what came first is published first.
  for (std::size_t turns = parked_.size(); turns > 0; --turns) {
    Parked parked = std::move(parked_.front());
    parked_.pop_front();
    PublishResult::Kind why_not{};
    count_parked(parked.publication, -1);
    if (try_publish(parked.from, parked.publication, now, wall, why_not)) continue;
    if (now < parked.deadline) {
      count_parked(parked.publication, 1);
      parked_.push_back(std::move(parked));
      continue;
    }
    counters_.refused.add(1);
    forget_keys(parked.publication);
    answer_(parked.from, {why_not, 0, {}, {}, false});
  }
}

void Publisher::on_read(EventNumber cursor, Instant now) {
  while (!waiting_.empty() && waiting_.front().result.last <= cursor) {
    const Waiting done = std::move(waiting_.front());
    waiting_.pop_front();
    answer_(done.from, done.keyed ? remember(done, now) : done.result);
  }
}

PublishResult Publisher::remember(const Waiting& done, Instant now) {
  const Publication& keyed = *done.keyed;
  for (std::size_t i = 0; i < keyed.keys.size(); ++i) {
    if (keyed.keys[i].scope_and_key == 0) continue;
    const EventNumber number{done.result.first.value +
                             i};  // the numbers of one claim are consecutive
    parts_.keys.remember(keyed.keys[i], {PublishResult::Kind::published, 1, number, number, false},
                         now);
  }
  PublishResult whole = done.result;
  whole.count += keyed.repeated;
  if (keyed.before.count > 0) {
    whole.count += keyed.before.count;
    whole.first = std::min(whole.first, keyed.before.first);
    whole.last = std::max(whole.last, keyed.before.last);
  }
  if (keyed.request_key.scope_and_key != 0) {
    parts_.keys.remember(keyed.request_key, whole, now);
  }
  return whole;
}

}  // namespace fanfare
