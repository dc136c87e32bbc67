// broker/replay.cc: asking the homes and merging what they keep into one page.
#include "broker/replay.h"

#include <algorithm>

#include "core/check.h"

namespace fanfare {
namespace {

constexpr std::size_t recent_pages_max = 8;
constexpr Duration recent_page_age_max = std::chrono::milliseconds(200);

}  // namespace

std::string_view name_of(GapReason reason) {
  switch (reason) {
    case GapReason::expired:
      return "expired";
    case GapReason::epoch:
      return "epoch";
    case GapReason::ahead:
      return "ahead";
    case GapReason::malformed:
      return "malformed";
    case GapReason::lagged:
      return "lagged";
  }
  return {};
}

Replays::Replays(Epoch epoch, uint32_t workers, std::size_t page_bytes, Waiter waiter, Asker asker)
    : epoch_(epoch),
      workers_(workers),
      page_bytes_(page_bytes),
      waiter_(std::move(waiter)),
      asker_(std::move(asker)) {}

Replays::Key Replays::key_of(const Subscription::Ref& subscription, WireFormat format,
                             const ReplayAt& at) {
  // Streams that asked at different moments share a page by position: it may bring one of them more
  // than it asked for, in order. The newest N are counted back from the moment of asking.
  const uint64_t upto = at.rule == StartRule::newest ? at.upto.value : 0;
  return {subscription.get(), format.tag(), at.rule,
          at.after.value,     upto,         at.since.time_since_epoch().count(),
          at.newest};
}

void Replays::pull(Slot slot, const Subscription::Ref& subscription, WireFormat format,
                   const ReplayAt& at, Instant now) {
  const Key key = key_of(subscription, format, at);
  std::erase_if(recent_, [&](const Ready& r) { return now - r.made > recent_page_age_max; });
  for (const Ready& ready : recent_) {
    if (ready.key == key && ready.page.upto > at.after) {
      const Page page = ready.page;  // the waiter may pull again
      waiter_(slot, page);
      return;
    }
  }
  if (const auto shared = by_key_.find(key); shared != by_key_.end()) {
    shared->second->waiters.push_back(slot);
    return;
  }
  const uint64_t id = next_id_++;
  auto made =
      std::make_unique<Pending>(Pending{id, key, subscription, format, at.upto, {slot}, 0, {}});
  const std::vector<uint32_t> homes = homes_of(*subscription);
  made->homes_left = static_cast<uint32_t>(homes.size());
  by_key_.emplace(key, made.get());
  pending_.emplace(id, std::move(made));
  const HistoryAsk ask{subscription, at.rule, at.after, at.upto, at.since, at.newest, page_bytes_};
  for (const uint32_t home : homes) asker_(home, id, ask);
}

std::size_t Replays::KeyHash::operator()(const Key& key) const {
  std::size_t hash = std::hash<const void*>()(key.subscription);
  for (const uint64_t part : {uint64_t{static_cast<uint8_t>(key.format)}, key.after, key.upto,
                              static_cast<uint64_t>(key.since), uint64_t{key.newest}}) {
    hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
  }
  return hash ^ static_cast<std::size_t>(key.rule);
}

std::vector<uint32_t> Replays::homes_of(const Subscription& subscription) const {
  std::vector<uint32_t> homes;
  if (!subscription.patterns().empty()) {
    for (uint32_t i = 0; i < workers_; ++i) homes.push_back(i);
    return homes;
  }
  for (const std::string_view topic : subscription.exact_topics()) {
    const uint32_t home = Home::of(topic_hash(topic), workers_);
    if (std::find(homes.begin(), homes.end(), home) == homes.end()) homes.push_back(home);
  }
  return homes;
}

void Replays::on_answer(uint64_t page, HistoryAnswer answer, Instant now) {
  const auto found = pending_.find(page);
  CHECK(found != pending_.end());
  Pending& pending = *found->second;
  pending.answers.push_back(std::move(answer));
  CHECK_GE(pending.homes_left, 1u);
  if (--pending.homes_left == 0) finish(pending, now);
}

void Replays::finish(Pending& pending, Instant now) {
  const Page page = merge(pending);
  const std::vector<Slot> waiters = std::move(pending.waiters);
  if (pending.key.rule == StartRule::position || pending.key.rule == StartRule::earliest) {
    if (recent_.size() >= recent_pages_max) recent_.erase(recent_.begin());
    recent_.push_back({pending.key, pending.subscription, page, now});
  }
  by_key_.erase(pending.key);
  pending_.erase(pending.id);  // before the waiters run: they may pull again
  for (const Slot slot : waiters) waiter_(slot, page);
}

Page Replays::merge(Pending& pending) const {
  Page page;
  page.upto = pending.upto;
  std::vector<EventRef> events;
  for (HistoryAnswer& answer : pending.answers) {
    page.upto = std::min(page.upto, answer.upto);
    page.lost = page.lost || answer.lost;
    std::move(answer.events.begin(), answer.events.end(), std::back_inserter(events));
  }
  const auto by_number = [](const EventRef& a, const EventRef& b) {
    return a->number() < b->number();
  };
  const auto same = [](const EventRef& a, const EventRef& b) { return a.get() == b.get(); };
  std::sort(events.begin(), events.end(), by_number);
  events.erase(std::unique(events.begin(), events.end(), same), events.end());
  std::erase_if(events, [&](const EventRef& e) { return e->number() > page.upto; });
  // Only now: what lies beyond the page must not become the place that a gap leads to.
  if (!events.empty()) page.first = events.front()->number();

  // A large event makes a page of its own, so that a page is at most page_bytes or one event.
  std::string bytes;
  std::vector<std::pair<EventNumber, std::size_t>> ends;
  for (const EventRef& event : events) {
    const std::size_t before = bytes.size();
    append_event(bytes, pending.format, epoch_, *event);
    if (!ends.empty() && bytes.size() > page_bytes_) {
      bytes.resize(before);
      page.upto = ends.back().first;
      break;
    }
    ends.emplace_back(event->number(), bytes.size());
  }
  if (ends.empty()) return page;
  page.events = static_cast<uint32_t>(ends.size());
  page.block = Block::make(static_cast<uint32_t>(bytes.size()), page.events);
  std::size_t begin = 0;
  for (const auto& [number, end] : ends) {
    page.block->append(number, std::string_view(bytes).substr(begin, end - begin));
    begin = end;
  }
  return page;
}

}  // namespace fanfare
