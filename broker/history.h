// broker/history.h: what can be replayed after a number: the kept events of the topics that have
// their home on one worker.
//
// Thread: its worker's.   Owned by: Broker. Other workers ask by message (HistoryAsk,
// HistoryAnswer). Each topic keeps its newest events within its policy; a log of all of them in
// number order serves patterns. What was dropped is remembered by its newest number, per topic and,
// for topics forgotten altogether, in all: so a gap is always known.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "broker/event.h"
#include "broker/flat_map.h"
#include "broker/name_hash.h"
#include "broker/subscription.h"
#include "broker/topic_policy.h"

namespace fanfare {

// Where a reader wants to begin.
enum class StartRule : uint8_t {
  position,  // after `after`
  earliest,  // with the first kept event; never a gap
  since,     // with the first kept event numbered at or after `since`
  newest,    // with the newest `newest` events of each matching topic; never a gap
};

// Which topics have their home on a worker.
struct Home {
  uint32_t worker = 0, workers = 1;
  static uint32_t of(TopicHash hash, uint32_t workers) {
    return static_cast<uint32_t>(static_cast<uint64_t>(hash) % workers);
  }
  bool holds(TopicHash hash) const { return of(hash, workers) == worker; }
};

struct HistoryAsk {
  Subscription::Ref subscription;
  StartRule rule = StartRule::position;
  EventNumber after;  // answer only events above it (all rules: a later page continues here)
  EventNumber upto;   // and not above this
  WallTime since{};
  uint32_t newest = 0;
  std::size_t bytes_max = 0;  // of frames, unless the first event alone is larger
};

struct HistoryAnswer {
  std::vector<EventRef> events;  // matching, ascending
  EventNumber upto;              // every kept match above `after` and up to here is in `events`
  bool lost = false;  // a match after the asked place is no longer kept, or that cannot be known
};

class History {
 public:
  struct Limits {
    std::size_t bytes_max;   // of all events kept here
    std::size_t topics_max;  // remembered by name
    std::size_t scan_max;    // log entries looked at for one answer
  };
  struct Sizes {
    std::size_t events = 0, bytes = 0, topics = 0;
  };

  History(const TopicPolicies& policies, Home home, Limits limits);
  ~History();

  // Keeps the event under `topic` (one of its topics, at home here), within the sizes that its
  // policy allows; what is too old goes with expire() or when it is asked for. Numbers rise.
  void keep(const Event& event, std::string_view topic, TopicHash hash);

  // Answers what is kept; requires that every event up to ask.upto has been kept.
  HistoryAnswer answer(const HistoryAsk& ask, Instant now);

  // Drops what is too old, and topics that were quiet for as long as any topic's events are kept, a
  // few topics a call.
  void expire(Instant now);

  // After the policies were reloaded, while the old ones are still there: topics look theirs up
  // again. The policies live as long as this.
  void use_policies(const TopicPolicies& policies);

  bool has_topic(std::string_view topic) const { return by_name_.contains(topic); }
  Sizes sizes() const { return {events_, bytes_, by_name_.size()}; }
  // Calls fn(name, last number, kept events) for each topic remembered by name.
  void for_each_topic(
      const std::function<void(std::string_view, EventNumber, std::size_t)>& fn) const;

 private:
  struct TopicLog;
  struct LogEntry {
    EventNumber number;
    const Event* event;  // null: evicted from all of its topics here
    uint32_t topics;     // topics here that keep it
  };

  // What a topic that is not remembered by name has lost.
  struct Forgotten {
    EventNumber upto;
    WallTime time;  // of that event
  };

  TopicLog& open_topic(std::string_view topic, TopicHash hash);
  void enforce_sizes(TopicLog& log);
  void enforce_age(TopicLog& log, Instant now);
  bool expired(const TopicLog& log, const Event& event, Instant now) const;
  void evict_oldest(TopicLog& log);
  void append_to_log(const Event& event);
  void drop_from_log(const Event& event);
  void evict_globally();
  Forgotten loss_of(TopicHash hash) const;  // of a topic that is not remembered by name
  void forget_topic();
  void forget(std::list<TopicLog>::iterator topic);
  void compact();
  std::deque<LogEntry>::iterator log_at(EventNumber number);

  bool lost(const HistoryAsk& ask) const;
  bool lost_in(const TopicLog& log, const HistoryAsk& ask) const;
  bool lost_of_newest(const HistoryAsk& ask) const;
  void collect_exact(const HistoryAsk& ask, Instant now, HistoryAnswer& answer);
  void collect_scan(const HistoryAsk& ask, Instant now, HistoryAnswer& answer);
  void collect_newest(const HistoryAsk& ask, Instant now, HistoryAnswer& answer);

  const TopicPolicies* policies_;
  Duration age_max_;  // of any topic's policy
  const Home home_;
  const Limits limits_;
  std::list<TopicLog> topics_;  // in the order in which forget_topic() looks at them
  std::list<TopicLog>::iterator expire_at_;
  FlatMap<std::string_view, std::list<TopicLog>::iterator, NameHash, NameEqual> by_name_;
  // Topics forgotten by name whose events were lost, by hash: so that a quiet topic's old position
  // is not taken for a gap.
  FlatMap<uint64_t, Forgotten> forgotten_;
  EventNumber
      forgotten_upto_;  // newest number lost with any forgotten topic: what patterns must assume
  EventNumber unknown_upto_;   // newest number whose topic is not even in forgotten_
  WallTime forgotten_time_{};  // time of the event forgotten_upto_
  std::deque<LogEntry> log_;
  std::size_t dead_ = 0;
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace fanfare
