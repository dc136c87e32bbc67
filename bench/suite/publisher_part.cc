// bench/suite/publisher_part.cc: which publisher posts what, and when.
#include "bench/suite/publisher_part.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "bench/suite/stamp.h"

namespace fanfare::bench {
namespace {

constexpr Duration patience = std::chrono::milliseconds(5);
constexpr Duration connect_every = std::chrono::milliseconds(100);
// Events due are posted so many at a time before answers are looked at.
constexpr int posts_a_turn = 64;

}  // namespace

PublisherPart::PublisherPart(const Plan& plan, Board& board, const PublishDialect& dialect,
                             const TopicNames& names, const PublisherShare& share)
    : plan_(plan),
      group_(plan.groups[share.group]),
      names_(names),
      board_(board),
      tally_(board.part(share.part)),
      published_(board.published(share.group)),
      dialect_(dialect),
      next_(std::size_t{group_.topics} * group_.sources(), 0) {
  for (uint32_t i = 0; i < group_.publishers; ++i) {
    posters_.emplace_back(loop_, *this, dialect, i);
    turns_.push_back({Schedule(Instant{}, 1, 1, 0), i, Instant{}});
  }
}

void PublisherPart::run() {
  prctl(PR_SET_TIMERSLACK, 1);  // wakes when an event is due, not when it suits
  const pid_t parent = getppid();
  while (order_ != Order::end && getppid() == parent) {
    take_order();
    connect_lost();
    Duration wait = patience;
    if (order_ == Order::publish && publishes()) {
      if (stage_->drive == Drive::closed) {
        post_closed();
      } else {
        const Instant now = monotonic_now();
        wait = std::clamp(post_due(now) - now, Duration(0), patience);
      }
    }
    if (order_ == Order::missed) post_missed();
    for (Poster& poster : posters_) poster.flush();
    tell_how_many_wait();
    loop_.turn(wait);
  }
}

bool PublisherPart::publishes() const {
  return stage_->drive != Drive::rest && stage_->publishes_to(group_);
}

void PublisherPart::take_order() {
  OrderBoard& orders = board_.orders();
  const uint32_t serial = orders.serial.load(std::memory_order_acquire);
  if (serial == serial_) return;
  serial_ = serial;
  order_ = orders.order.load(std::memory_order_relaxed);
  stage_number_ = orders.stage.load(std::memory_order_relaxed);
  if (order_ == Order::missed) missed_left_ = plan_.storm.missed_events;
  if (order_ != Order::publish) return;
  stage_ = &plan_.stages[stage_number_];
  began_ = Instant(Duration(orders.began_ns.load(std::memory_order_relaxed)));
  const double rate = group_.rate * orders.rate_scale.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < group_.publishers; ++i) {
    turns_[i].schedule = Schedule(began_, rate, group_.publishers, i, group_.batch);
  }
}

Instant PublisherPart::post_due(Instant now) {
  Instant next = now + patience;
  for (int posted = 0; posted < posts_a_turn;) {
    bool any = false;
    next = now + patience;
    for (Poster& poster : posters_) {
      Turn& turn = turns_[poster.index()];
      const Instant due = turn.schedule.due();
      if (!poster.is_ready() || !poster.is_connected()) continue;  // its answer wakes us
      if (due > now) {
        next = std::min(next, due);
        continue;
      }
      // Since then it could have been posted: what it is late by is our own doing.
      tally_.late.record(now - std::max(due, turn.free_since));
      turn.schedule.take();
      post(poster, due);
      any = true;
      ++posted;
    }
    if (!any) return next;
  }
  return now;
}

void PublisherPart::post_closed() {
  for (Poster& poster : posters_) {
    while (poster.is_ready() && poster.is_connected()) {
      post(poster, monotonic_now());
      if (dialect_.window() == 1) break;
    }
  }
}

// One after the other, so that there is an order in which they come again.
void PublisherPart::post_missed() {
  Poster& poster = posters_.front();
  if (missed_left_ == 0 || poster.flying() > 0 || !poster.is_connected()) return;
  --missed_left_;
  post(poster, monotonic_now());
}

void PublisherPart::post(Poster& poster, Instant due) {
  const uint32_t index = poster.index();
  Turn& turn = turns_[index];
  const uint32_t topic = group_.topics == 1 ? 0 : turn.next_topic;
  turn.next_topic += group_.publishers;
  if (turn.next_topic >= group_.topics) turn.next_topic = index;
  InFlight events;
  events.place = group_.topics == 1 ? index : topic;
  events.first = next_[events.place];
  events.stage = static_cast<uint8_t>(stage_number_);
  events.due = due;
  Stamp stamp;
  stamp.bytes = stage_->bytes > 0 ? stage_->bytes : group_.bytes;
  stamp.stage = events.stage;
  stamp.topic = topic;
  stamp.source = group_.topics == 1 ? index : 0;
  stamp.sequence = events.first;
  stamp.due = due;
  const std::string name = names_.name(topic, stamp.sequence);
  request_.clear();
  if (group_.batch > 1) {
    batch_.resize(group_.batch);
    for (std::string& data : batch_) {
      write_event_data(data, stamp);
      ++stamp.sequence;
    }
    events.events = group_.batch;
    dialect_.append_batch(request_, name, batch_);
  } else {
    write_event_data(data_, stamp);
    dialect_.append(request_, {name, index, data_});
  }
  next_[events.place] += events.events;
  add_to(tally_.posted, events.events);
  poster.post(request_, events);
}

void PublisherPart::on_fate(Poster& poster, const InFlight& events, Fate fate) {
  turns_[poster.index()].free_since = monotonic_now();
  uint32_t& next = next_[events.place];
  if (fate == Fate::accepted) {
    add_to(tally_.accepted, events.events);
    tally_.stages[events.stage].publish.record(monotonic_now() - events.due);
    std::atomic_ref<uint32_t>(published_[events.place])
        .store(events.first + events.events, std::memory_order_relaxed);
  } else if (fate == Fate::rejected) {
    add_to(tally_.rejected, events.events);
    // Nobody gets these: the next take their numbers, unless others are on their way already.
    if (next == events.first + events.events) next = events.first;
  } else {
    add_to(tally_.unanswered, events.events);
  }
  // At once, not when all others have had their turn.
  if (order_ == Order::publish && stage_->drive == Drive::closed && poster.is_ready() &&
      poster.is_connected() && dialect_.window() == 1 && poster.flying() == 0) {
    post(poster, monotonic_now());
  }
}

void PublisherPart::connect_lost() {
  const Instant now = monotonic_now();
  if (now < connect_due_) return;
  for (Poster& poster : posters_) {
    if (poster.is_connected()) continue;
    poster.connect();
    connect_due_ = now + connect_every;
  }
}

void PublisherPart::tell_how_many_wait() {
  std::size_t waiting = 0;
  for (const Poster& poster : posters_) waiting += poster.flying();
  tally_.busy.store(static_cast<uint32_t>(waiting), std::memory_order_relaxed);
}

}  // namespace fanfare::bench
