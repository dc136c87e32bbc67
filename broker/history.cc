// broker/history.cc: keeping, evicting and answering.
#include "broker/history.h"

#include <algorithm>

#include "core/check.h"

namespace fanfare {
namespace {

constexpr std::size_t forgotten_max = 1u << 18;  // 40 bytes each, with what a table leaves free
constexpr std::size_t expire_topics_min = 64;    // looked at in one call of expire()

}  // namespace

struct History::TopicLog {
  static constexpr std::size_t few = 8;

  std::string name;
  TopicHash hash;
  const TopicPolicy* policy;
  std::vector<EventRef> events;  // from `first` on, ascending
  std::size_t first = 0;
  std::size_t bytes = 0;
  EventNumber last;          // newest ever kept
  EventNumber evicted_upto;  // newest dropped
  WallTime evicted_time{};   // of that event
  Instant last_born{};       // of the event `last`
  bool used = false;         // since forget_topic() last looked at it

  std::size_t count() const { return events.size() - first; }
  const EventRef& oldest() const { return events[first]; }
  EventRef take_oldest() {
    EventRef taken = std::move(events[first++]);
    if (first == events.size()) {
      if (events.capacity() > few) events = {};  // a topic that has grown quiet holds little
      events.clear();
      first = 0;
    } else if (first >= 64 && first * 2 > events.size()) {
      events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(first));
      first = 0;
    }
    return taken;
  }
  // The first kept event above `after`, as an index into `events`.
  std::size_t above(EventNumber after) const {
    const auto begin = events.begin() + static_cast<std::ptrdiff_t>(first);
    const auto found = std::partition_point(
        begin, events.end(), [&](const EventRef& e) { return e->number() <= after; });
    return static_cast<std::size_t>(found - events.begin());
  }
};

History::History(const TopicPolicies& policies, Home home, Limits limits)
    : policies_(&policies),
      age_max_(policies.history_age_max()),
      home_(home),
      limits_(limits),
      expire_at_(topics_.end()) {}

History::~History() = default;

void History::keep(const Event& event, std::string_view topic, TopicHash hash) {
  TopicLog& log = open_topic(topic, hash);
  CHECK_LT(log.last, event.number());
  log.last = event.number();
  log.last_born = event.born();
  if (log.policy->history_events == 0) {
    log.evicted_upto = event.number();
    log.evicted_time = event.time();
    return;
  }
  log.events.emplace_back(&event);
  log.bytes += event.bytes();
  append_to_log(event);
  enforce_sizes(log);
  evict_globally();
}

// Another topic of the same event finds its entry at the end, perhaps dead already: the first topic
// may have been forgotten to make room for this one.
void History::append_to_log(const Event& event) {
  const bool again = !log_.empty() && log_.back().number == event.number();
  if (!again) {
    log_.push_back({event.number(), nullptr, 0});
  } else if (log_.back().event == nullptr) {
    --dead_;
  }
  LogEntry& entry = log_.back();
  if (entry.topics++ > 0) return;
  entry.event = &event;
  ++events_;
  bytes_ += event.bytes();
}

History::TopicLog& History::open_topic(std::string_view topic, TopicHash hash) {
  const auto found = by_name_.find(HashedName{topic, hash});
  if (found != by_name_.end()) {
    found->second->used = true;
    return *found->second;
  }
  if (topics_.size() >= limits_.topics_max) forget_topic();
  TopicLog& log = topics_.emplace_back();
  log.name = topic;
  log.hash = hash;
  log.policy = &policies_->policy_of(topic);
  by_name_.emplace(log.name, std::prev(topics_.end()));
  const Forgotten lost = loss_of(hash);
  log.evicted_upto = lost.upto;
  log.evicted_time = lost.time;
  forgotten_.erase(static_cast<uint64_t>(hash));
  return log;
}

// It may be one of those that are forgotten altogether.
History::Forgotten History::loss_of(TopicHash hash) const {
  const auto known = forgotten_.find(static_cast<uint64_t>(hash));
  return known != forgotten_.end() ? known->second : Forgotten{unknown_upto_, forgotten_time_};
}

bool History::expired(const TopicLog& log, const Event& event, Instant now) const {
  return now - event.born() > log.policy->history_age;
}

void History::enforce_sizes(TopicLog& log) {
  const TopicPolicy& policy = *log.policy;
  while (log.count() > policy.history_events ||
         (log.bytes > policy.history_bytes && log.count() > 1)) {
    const std::size_t bytes = log.oldest()->bytes();
    evict_oldest(log);
    // The next one to go has long left the cache. When it goes it is back, and not its head alone:
    // a new event will be written where it lies (event_memory.h).
    log.oldest()->fetch_ahead(bytes);
  }
}

void History::enforce_age(TopicLog& log, Instant now) {
  const std::size_t retained = log.policy->retain ? 1 : 0;
  while (log.count() > retained && expired(log, *log.oldest(), now)) evict_oldest(log);
}

void History::evict_oldest(TopicLog& log) {
  const EventRef event = log.take_oldest();
  log.bytes -= event->bytes();
  log.evicted_upto = event->number();
  log.evicted_time = event->time();
  drop_from_log(*event);
}

// The first entry numbered `number` or later. Numbers rise almost evenly, so the search begins
// where it would lie if they did, and goes on from there in doubling steps.
std::deque<History::LogEntry>::iterator History::log_at(EventNumber number) {
  if (log_.empty() || number <= log_.front().number) return log_.begin();
  if (log_.back().number < number) return log_.end();
  const uint64_t first = log_.front().number.value;
  const double part = static_cast<double>(number.value - first) /
                      static_cast<double>(log_.back().number.value - first);
  const auto below = [&](std::size_t at) { return log_[at].number < number; };
  auto low = static_cast<std::size_t>(part * static_cast<double>(log_.size() - 1));
  std::size_t high = low + 1;
  for (std::size_t step = 1; low > 0 && !below(low - 1); step *= 2) {
    high = low;
    low -= std::min(low, step);
  }
  for (std::size_t step = 1; high < log_.size() && below(high - 1); step *= 2) {
    low = high;
    high = std::min(log_.size(), high + step);
  }
  const auto at = [this](std::size_t i) { return log_.begin() + static_cast<std::ptrdiff_t>(i); };
  return std::lower_bound(at(low), at(high), number,
                          [](const LogEntry& e, EventNumber n) { return e.number < n; });
}

void History::drop_from_log(const Event& event) {
  const auto entry = log_at(event.number());
  CHECK(entry != log_.end() && entry->event == &event);
  if (--entry->topics > 0) return;
  entry->event = nullptr;
  --events_;
  bytes_ -= event.bytes();
  ++dead_;
  while (!log_.empty() && log_.front().event == nullptr) {
    log_.pop_front();
    --dead_;
  }
  if (dead_ > log_.size() / 2 + 1024) compact();
}

void History::compact() {
  std::erase_if(log_, [](const LogEntry& e) { return e.event == nullptr; });
  dead_ = 0;
}

void History::evict_globally() {
  while (bytes_ > limits_.bytes_max && log_.size() > 1) {
    const EventRef oldest(log_.front().event);
    oldest->for_each_topic([&](std::string_view topic) {
      const auto found = by_name_.find(topic);
      if (found == by_name_.end()) return;
      TopicLog& log = *found->second;
      if (log.count() > 0 && log.oldest().get() == oldest.get()) evict_oldest(log);
    });
    CHECK(log_.front().event != oldest.get());
  }
}

// Over the topic limit one that was not used lately goes, found as by the hand of a clock: a use
// costs a bit, and no move in a list. That it lost something is remembered.
void History::forget_topic() {
  while (topics_.front().used) {
    topics_.front().used = false;
    if (expire_at_ == topics_.begin()) ++expire_at_;
    topics_.splice(topics_.end(), topics_, topics_.begin());
  }
  while (topics_.front().count() > 0) evict_oldest(topics_.front());
  forget(topics_.begin());
}

// Requires that it keeps nothing.
void History::forget(std::list<TopicLog>::iterator topic) {
  const TopicLog& log = *topic;
  if (log.evicted_upto.value != 0) {
    if (forgotten_.size() >= forgotten_max) {
      for (const auto& [hash, lost] : forgotten_)
        unknown_upto_ = std::max(unknown_upto_, lost.upto);
      forgotten_.clear();
    }
    forgotten_.emplace(static_cast<uint64_t>(log.hash),
                       Forgotten{log.evicted_upto, log.evicted_time});
    forgotten_upto_ = std::max(forgotten_upto_, log.evicted_upto);
    forgotten_time_ = std::max(forgotten_time_, log.evicted_time);
  }
  if (expire_at_ == topic) ++expire_at_;
  by_name_.erase(log.name);
  topics_.erase(topic);
}

// A topic that keeps nothing and has been quiet for longer than any topic's events are kept is
// forgotten: whoever comes back from before that has lost something wherever it read.
void History::expire(Instant now) {
  const std::size_t visits =
      std::min(topics_.size(), std::max(expire_topics_min, topics_.size() / 50));
  for (std::size_t i = 0; i < visits; ++i) {
    if (expire_at_ == topics_.end()) expire_at_ = topics_.begin();
    const auto topic = expire_at_++;
    enforce_age(*topic, now);
    if (topic->count() == 0 && now - topic->last_born > age_max_) forget(topic);
  }
}

void History::use_policies(const TopicPolicies& policies) {
  policies_ = &policies;
  age_max_ = policies.history_age_max();
  for (TopicLog& log : topics_) log.policy = &policies_->policy_of(log.name);
}

void History::for_each_topic(
    const std::function<void(std::string_view, EventNumber, std::size_t)>& fn) const {
  for (const TopicLog& log : topics_) fn(log.name, log.last, log.count());
}

bool History::lost_in(const TopicLog& log, const HistoryAsk& ask) const {
  return log.evicted_upto > ask.after &&
         (ask.rule != StartRule::since || log.evicted_time >= ask.since);
}

bool History::lost(const HistoryAsk& ask) const {
  // Where these two begin is never a gap; what goes between their pages is.
  const bool from_what_is_kept = ask.rule == StartRule::earliest || ask.rule == StartRule::newest;
  if (from_what_is_kept && ask.after.value == 0) return false;
  if (ask.rule == StartRule::newest) return lost_of_newest(ask);
  for (const std::string_view topic : ask.subscription->exact_topics()) {
    const auto found = by_name_.find(topic);
    if (found != by_name_.end()) {
      if (lost_in(*found->second, ask)) return true;
      continue;
    }
    const TopicHash hash = topic_hash(topic);
    if (!home_.holds(hash)) continue;
    const Forgotten lost = loss_of(hash);
    if (lost.upto > ask.after && (ask.rule != StartRule::since || lost.time >= ask.since))
      return true;
  }
  if (ask.subscription->patterns().empty()) return false;
  if (forgotten_upto_ > ask.after &&
      (ask.rule != StartRule::since || forgotten_time_ >= ask.since)) {
    return true;
  }
  return std::any_of(topics_.begin(), topics_.end(), [&](const TopicLog& log) {
    return lost_in(log, ask) && ask.subscription->matches(log.name);
  });
}

// One of the newest N up to ask.upto has gone if fewer than N of them are left.
bool History::lost_of_newest(const HistoryAsk& ask) const {
  return std::any_of(topics_.begin(), topics_.end(), [&](const TopicLog& log) {
    return log.evicted_upto > ask.after && log.above(ask.upto) - log.first < ask.newest &&
           ask.subscription->matches(log.name);
  });
}

HistoryAnswer History::answer(const HistoryAsk& ask, Instant now) {
  HistoryAnswer answer;
  answer.upto = ask.upto;
  if (ask.rule == StartRule::newest) {
    collect_newest(ask, now, answer);
  } else if (ask.subscription->patterns().empty()) {
    collect_exact(ask, now, answer);
  } else {
    collect_scan(ask, now, answer);
  }
  answer.lost = answer.lost || lost(ask);
  return answer;
}

namespace {

// Sorts by number, drops doubles (an event of several topics), and cuts at the byte limit.
void settle(std::vector<EventRef>& events, std::size_t bytes_max, EventNumber& upto) {
  std::sort(events.begin(), events.end(),
            [](const EventRef& a, const EventRef& b) { return a->number() < b->number(); });
  events.erase(std::unique(events.begin(), events.end(),
                           [](const EventRef& a, const EventRef& b) { return a.get() == b.get(); }),
               events.end());
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    bytes += events[i]->chunked_frame().size();
    if (i > 0 && bytes > bytes_max) {
      upto = events[i - 1]->number();
      events.resize(i);
      return;
    }
  }
}

}  // namespace

void History::collect_exact(const HistoryAsk& ask, Instant now, HistoryAnswer& answer) {
  for (const std::string_view topic : ask.subscription->exact_topics()) {
    const auto found = by_name_.find(topic);
    if (found == by_name_.end()) continue;
    TopicLog& log = *found->second;
    enforce_age(log, now);
    std::size_t bytes = 0, taken = 0;
    for (std::size_t i = log.above(ask.after); i < log.events.size(); ++i) {
      const EventRef& event = log.events[i];
      if (event->number() > ask.upto) break;
      if (ask.rule == StartRule::since && event->time() < ask.since) continue;
      answer.events.push_back(event);
      bytes += event->chunked_frame().size();
      // One over the limit makes settle() cut behind the last that fits; an event that is larger
      // than the limit by itself needs another one behind it for that.
      if (++taken > 1 && bytes > ask.bytes_max) break;
    }
  }
  settle(answer.events, ask.bytes_max, answer.upto);
}

void History::collect_scan(const HistoryAsk& ask, Instant now, HistoryAnswer& answer) {
  std::size_t bytes = 0, scanned = 0;
  for (auto entry = log_at(ask.after.next()); entry != log_.end(); ++entry) {
    if (entry->number > ask.upto) return;
    const EventRef event(entry->event);
    bool wanted = false, too_old = false;
    if (event && !(ask.rule == StartRule::since && event->time() < ask.since)) {
      event->for_each_topic([&](std::string_view topic) {
        if (wanted || !ask.subscription->matches(topic)) return;
        const auto found = by_name_.find(topic);  // is it still kept under this topic?
        if (found == by_name_.end() || found->second->count() == 0 ||
            event->number() < found->second->oldest()->number())
          return;
        // Too old, and only not dropped yet: it is gone for every reader.
        const bool gone = expired(*found->second, *event, now) && !found->second->policy->retain;
        (gone ? too_old : wanted) = true;
      });
    }
    if (too_old && !wanted && !(ask.rule == StartRule::earliest && ask.after.value == 0))
      answer.lost = true;
    if (wanted) {
      bytes += event->chunked_frame().size();
      if (!answer.events.empty() && bytes > ask.bytes_max) {
        answer.upto = answer.events.back()->number();
        return;
      }
      answer.events.push_back(event);
    }
    if (++scanned >= limits_.scan_max) {
      answer.upto = entry->number;
      return;
    }
  }
}

void History::collect_newest(const HistoryAsk& ask, Instant now, HistoryAnswer& answer) {
  const auto take = [&](TopicLog& log) {
    enforce_age(log, now);
    const std::size_t end = log.above(ask.upto);
    const std::size_t kept = end - log.first;
    for (std::size_t i = end - std::min<std::size_t>(kept, ask.newest); i < end; ++i) {
      if (log.events[i]->number() > ask.after) answer.events.push_back(log.events[i]);
    }
  };
  if (ask.subscription->patterns().empty()) {
    for (const std::string_view topic : ask.subscription->exact_topics()) {
      if (const auto found = by_name_.find(topic); found != by_name_.end()) take(*found->second);
    }
  } else {
    for (TopicLog& log : topics_) {
      if (ask.subscription->matches(log.name)) take(log);
    }
  }
  settle(answer.events, ask.bytes_max, answer.upto);
}

}  // namespace fanfare
