// broker/worker.cc: the turn, and how events of the engine and of the bus reach the parts.
#include "broker/worker.h"

#include <algorithm>

#include <fmt/core.h>

#include "broker/problem.h"
#include "core/limits.h"
#include "net/listener.h"

namespace fanfare {
namespace {

constexpr unsigned ready_per_turn_max = 64;
constexpr std::size_t bus_events_per_turn_max = 256;
constexpr Duration fanout_per_turn_min = std::chrono::microseconds(500);
constexpr std::size_t fanout_bytes_per_turn_max = 1_MiB;
constexpr std::size_t history_answers_per_turn_max = 8;
constexpr std::size_t timers_per_turn_max = 512;
constexpr Duration expire_every = std::chrono::milliseconds(250);
constexpr Duration parked_retry = std::chrono::milliseconds(1);
constexpr std::size_t released_topics_max = 64;  // beyond it a wake-up is for whoever sleeps

History::Limits history_limits(const Settings& settings, unsigned workers) {
  return {settings.history_total_bytes / workers,
          std::max<std::size_t>(1, settings.history_topics_max / workers), 10'000};
}

}  // namespace

Worker::Worker(uint32_t index, ServerState& server, Engine& engine,
               std::shared_ptr<const LiveSettings> live, Clock clock, uint64_t seed)
    : index_(index),
      server_(server),
      engine_(engine),
      clock_(std::move(clock)),
      home_{index, server.workers()},
      door_(server.doors[index]),
      live_(std::move(live)),
      random_(seed),
      table_(engine.capacity()),
      slots_(table_, engine.capacity()),
      wheel_(engine.now()),
      feeds_(server.filters[index]),
      history_(live_->policies, home_, history_limits(live_->settings, server.workers())),
      replays_(
          server.epoch, server.workers(), limits::block_bytes_max,
          [this](Slot slot, const Page& page) { streams_.on_page(slot, page, engine_.now()); },
          [this](uint32_t home, uint64_t page, const HistoryAsk& ask) {
            HistoryQuestion question{index_, page, ask};
            if (home == index_) {
              questions_.push_back(std::move(question));
            } else {
              server_.send(home, std::move(question));
            }
          }),
      fanout_(engine, table_, feeds_, server.congestion.of(index), streams_, FanOut::Limits{}),
      keys_(live_->settings.keys_max),
      publisher_({server.bus,
                  [this](std::span<const TopicHash> topics) {
                    if (released_.size() + topics.size() > released_topics_max) {
                      released_.assign(1, any_topic);
                    } else {
                      released_.insert(released_.end(), topics.begin(), topics.end());
                    }
                  },
                  [this] { server_.wake_laggards(); }, server.congestion, keys_, server.epoch},
                 live_->settings.publish_wait,
                 [this](RequestRef from, const PublishResult& result) {
                   outcomes_.push_back({from, result});
                 }),
      streams_(
          {engine, table_, feeds_, fanout_, replays_, wheel_, server.stream_ids, *this, random_},
          server.epoch, index, live_),
      connections_({engine, wheel_, routes_}, index, *live_),
      routes_(connections_, *this, server, door_.counters, live_, random_),
      drain_(streams_, table_, feeds_) {
  entries_.resize(bus_events_per_turn_max);
}

Worker::~Worker() = default;

void Worker::listen(Listener& listener, DoorInfo door) {
  CHECK_EQ(listener.id(), listeners_.size());
  listeners_.push_back(door);
  sockets_.push_back(&listener);
  engine_.listen(listener);
}

void Worker::turn(Instant latest) {
  wait(latest);
  read_mailbox();
  publisher_.retry_parked(engine_.now(), engine_.wall_now());
  wake_readers();
  read_bus();
  publisher_.on_read(read_upto_, engine_.now());
  tell_outcomes();
  connections_.flush();
  answer_history();
  answer_lists();
  // As long as taking in took, at least: else many topics of few readers would fall ever further
  // behind what is published to them.
  const Duration took = clock_() - engine_.now();
  fanout_.run(clock_, std::max(fanout_per_turn_min, took), fanout_bytes_per_turn_max);
  run_timers();
  slots_.offer_to(engine_);
  wake_readers();
  export_counters();
}

bool Worker::must_not_sleep() const {
  const bool question_ready =
      std::any_of(questions_.begin(), questions_.end(),
                  [this](const HistoryQuestion& q) { return q.ask.upto <= read_upto_; });
  return finished_ || question_ready || fanout_.has_work() || connections_.has_work() ||
         !outcomes_.empty();
}

Instant Worker::sleep_until(Instant latest) const {
  Instant until = std::min({latest, wheel_.next_due(), next_expire_,
                            drain_.next_step(engine_.now()), fanout_.next_look()});
  if (publisher_.has_parked()) until = std::min(until, engine_.now() + parked_retry);
  return until;
}

void Worker::wait(Instant latest) {
  const bool sleeps =
      !must_not_sleep() && server_.sleepers.lie_down(index_, server_.bus, door_.mailbox);
  const std::span<const Ready> ready =
      engine_.wait(sleeps ? sleep_until(latest) : Instant{}, ready_per_turn_max);
  if (sleeps) server_.sleepers.get_up(index_);
  door_.turned_at_ns.store(engine_.now().time_since_epoch().count(), std::memory_order_relaxed);
  door_.counters.turns.add(1);
  for (const Ready& one : ready) dispatch(one);
}

void Worker::dispatch(const Ready& ready) {
  if (ready.got == Got::woken) {
    door_.counters.wakes.add(1);
    return;
  }
  if (ready.got == Got::accepted) return on_accepted(ready);
  if (ready.got == Got::closed) return on_closed(ready.slot);
  if (table_.find(ready.slot) != nullptr) {
    if (ready.got == Got::writable) streams_.on_writable(ready.slot.index);
    if (ready.got == Got::hung_up) streams_.on_hung_up(ready.slot.index);
    return;
  }
  Connection* const connection = connections_.find(ready.slot);
  if (connection == nullptr) return;
  switch (ready.got) {
    case Got::bytes:
      connections_.on_bytes(*connection, ready.bytes);
      break;
    case Got::end:
      connections_.on_end(*connection, ready.error);
      break;
    case Got::writable:
      connections_.on_writable(*connection);
      break;
    default:
      break;
  }
}

void Worker::on_accepted(const Ready& ready) {
  slots_.on_accepted();
  door_.counters.connections_accepted.add(1);
  door_.connections.fetch_add(1, std::memory_order_relaxed);
  if (hand_over(ready)) return;
  table_[ready.slot.index].use = SlotUse::connection;
  connections_.open(ready.slot, listeners_[ready.listener], ready.peer);
}

// A worker that has far more than its share gives a new connection to the one with the fewest.
bool Worker::hand_over(const Ready& ready) {
  if (server_.workers() == 1) return false;
  const uint32_t mine = door_.connections.load(std::memory_order_relaxed);
  uint64_t all = 0;
  uint32_t fewest = index_, fewest_count = mine;
  for (uint32_t i = 0; i < server_.workers(); ++i) {
    const uint32_t count = server_.doors[i].connections.load(std::memory_order_relaxed);
    all += count;
    if (count < fewest_count) {
      fewest = i;
      fewest_count = count;
    }
  }
  const uint64_t mean = all / server_.workers();
  if (fewest == index_ || mine <= mean + mean / 10 + 8) return false;
  Adopt adopt;
  adopt.listener = ready.listener;
  if (ready.peer != nullptr) adopt.peer = *ready.peer;
  adopt.descriptor = engine_.release(ready.slot);
  if (adopt.descriptor < 0) return false;  // this kernel cannot: it stays here
  slots_.give_back(ready.slot.index);
  door_.connections.fetch_sub(1, std::memory_order_relaxed);
  server_.doors[fewest].connections.fetch_add(
      1, std::memory_order_relaxed);  // before it arrives: others see it
  door_.counters.connections_handed_over.add(1);
  server_.send(fewest, adopt);
  return true;
}

void Worker::on(Adopt&& m) {
  const auto slot = slots_.take(SlotUse::connection);
  // Beyond the table's end the engine refuses and closes it.
  const Slot place = slot.value_or(Slot{engine_.capacity(), 0});
  if (!engine_.adopt(place, m.descriptor)) {
    if (slot) slots_.give_back(slot->index);
    door_.connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  connections_.open(place, listeners_[m.listener], m.peer.raw_bytes() == 0 ? nullptr : &m.peer);
}

void Worker::on_closed(Slot slot) {
  CHECK_EQ(table_[slot.index].generation, slot.generation);
  slots_.give_back(slot.index);
  door_.connections.fetch_sub(1, std::memory_order_relaxed);
}

void Worker::read_mailbox() {
  door_.mailbox.take_all([this](Message&& message) {
    std::visit([this](auto&& m) { on(std::forward<decltype(m)>(m)); }, std::move(message));
  });
}

void Worker::wake_readers() {
  if (released_.empty()) return;
  server_.wake_for(released_);
  released_.clear();
}

void Worker::read_bus() {
  const std::size_t count = server_.bus.read(index_, entries_);
  if (count == 0) return;
  for (std::size_t i = 0; i < count; ++i) take_event(entries_[i]);
  read_upto_ = entries_[count - 1].number;
  server_.bus.advance(index_, read_upto_);
}

void Worker::take_event(const BusEntry& entry) {
  const bool many = entry.topic == any_topic;  // several topics: each may have its home here
  const bool home = many || home_.holds(entry.topic);
  const bool wanted = server_.filters[index_].wants(entry.topic);
  if (!home && !wanted) return;
  const Event& event = *entry.event;
  const Instant now = engine_.now();
  if (many) {
    event.for_each_topic([&](std::string_view topic) {
      const TopicHash hash = topic_hash(topic);
      if (home_.holds(hash)) history_.keep(event, topic, hash);
    });
  } else if (home) {
    history_.keep(event, event.topic(), entry.topic);
  }
  if (!wanted) return;
  for (const uint32_t feed : feeds_.match(event)) {
    feeds_[feed].append(server_.epoch, event);
    fanout_.on_append(feed, event, now);
  }
}

void Worker::tell_outcomes() {
  while (!outcomes_.empty()) {
    telling_.swap(outcomes_);  // what an outcome leads to is appended there
    for (const PublishOutcome& outcome : telling_) {
      if (outcome.to.worker == index_) {
        routes_.on_outcome(outcome.to, outcome.result);
      } else {
        server_.send(outcome.to.worker, outcome);
      }
    }
    telling_.clear();
  }
}

void Worker::answer_history() {
  std::size_t left = history_answers_per_turn_max;
  for (std::size_t i = 0; i < questions_.size() && left > 0;) {
    if (questions_[i].ask.upto > read_upto_) {
      ++i;
      continue;
    }
    --left;
    const HistoryQuestion question = std::move(questions_[i]);
    questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(i));
    HistoryReply reply{question.page, history_.answer(question.ask, engine_.now())};
    if (question.from == index_) {
      on(std::move(reply));  // may ask for the next page: it is appended to questions_
    } else {
      server_.send(question.from, std::move(reply));
    }
  }
}

void Worker::run_timers() {
  const Instant now = engine_.now();
  wheel_.expire(
      now,
      [&](uint32_t slot) {
        if (table_[slot].use == SlotUse::stream) {
          streams_.on_timer(slot, now);
        } else if (table_[slot].use == SlotUse::connection) {
          connections_.on_timer(slot, now);
        }
      },
      timers_per_turn_max);
  if (now >= next_expire_) {
    next_expire_ = now + expire_every;
    history_.expire(now);
    keys_.expire(now);
  }
  drain_.step(now);
  if (drain_.is_on() && server_.admission.streams() == 0) end_drain(now);
}

// The last stream of all workers has gone: publishers get their answers, then the worker ends.
void Worker::end_drain(Instant now) {
  if (drain_ends_ == Instant{}) {
    drain_ends_ = now + std::chrono::seconds(1);
    for (Listener* socket : sockets_) engine_.unlisten(*socket);
    connections_.begin_drain();
  }
  if (connections_.count() == 0 || now >= drain_ends_) finished_ = true;
}

void Worker::export_counters() {
  WorkerCounters& out = door_.counters;
  out.events_published.raise_to(publisher_.counters().events.value());
  out.batches_published.raise_to(publisher_.counters().batches.value());
  out.publishes_refused.raise_to(publisher_.counters().refused.value());
  out.publishes_parked.raise_to(publisher_.counters().parked.value());
  out.events_delivered.raise_to(fanout_.counters().deliveries.value());
  out.sends.raise_to(fanout_.counters().sends.value());
  out.sends_blocked.raise_to(fanout_.counters().blocked.value());
  out.bytes_sent.raise_to(fanout_.counters().bytes.value());
  out.sweeps.raise_to(fanout_.counters().sweeps.value());
  out.streams_opened.raise_to(streams_.counters().opened.value());
  out.streams_closed.raise_to(streams_.counters().closed.value());
  out.gaps.raise_to(streams_.counters().gaps.value());
  out.lagged.raise_to(streams_.counters().lagged.value());
  out.heartbeats.raise_to(streams_.counters().heartbeats.value());
  out.hung_up.raise_to(streams_.counters().hung_up.value());
  out.streams.set(static_cast<int64_t>(streams_.count()));
  out.connections.set(static_cast<int64_t>(connections_.count()));
  out.feeds.set(static_cast<int64_t>(feeds_.count()));
  const History::Sizes kept = history_.sizes();
  out.topics.set(static_cast<int64_t>(kept.topics));
  out.history_events.set(static_cast<int64_t>(kept.events));
  out.history_bytes.set(static_cast<int64_t>(kept.bytes));
  out.unanswered.set(static_cast<int64_t>(publisher_.unanswered()));
  out.bus_lag.set(static_cast<int64_t>(server_.bus.tail().value - read_upto_.value));
}

}  // namespace fanfare
