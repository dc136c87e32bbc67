// bench/suite/receiver_part.cc: opening, checking and timing streams.
#include "bench/suite/receiver_part.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace fanfare::bench {
namespace {

// Beyond this the ports of one source address are slow to find.
constexpr uint32_t streams_per_source = 8'000;
constexpr uint32_t opening_max = 200;
constexpr uint32_t storming_max = 1'000;  // on their way at once when all come back
constexpr Duration patience = std::chrono::milliseconds(5);
constexpr Duration again_after = std::chrono::milliseconds(100);
constexpr Duration slow_every = std::chrono::milliseconds(250);
constexpr Duration behind_every = std::chrono::milliseconds(50);
constexpr std::size_t slow_bytes = 256;
constexpr int small_receive_bytes = 4096;  // so that who does not read is full soon

}  // namespace

ReceiverPart::ReceiverPart(const Plan& plan, Board& board, const SubscribeDialect& dialect,
                           const TopicNames& names, const ReceiverShare& share)
    : plan_(plan),
      group_(plan.groups[share.group]),
      share_(share),
      names_(names),
      board_(board),
      tally_(board.part(share.part)),
      published_(board.published(share.group)),
      completions_(board.completions(share.group)),
      completes_(group_.readers_per_topic() > 1 && group_.churn_per_s <= 0
                     ? group_.readers_per_topic()
                     : 0),
      checker_(share.count, group_.sources()),
      began_(share.count, false),
      last_ids_(plan.storm.missed_events > 0 ? group_.topics : 0) {
  for (uint32_t i = 0; i < share.count; ++i) receivers_.emplace_back(loop_, *this, dialect, i);
}

void ReceiverPart::run() {
  const pid_t parent = getppid();
  while (order_ != Order::end && getppid() == parent) {
    take_order();
    step();
    loop_.turn(patience);
  }
}

void ReceiverPart::take_order() {
  OrderBoard& orders = board_.orders();
  const uint32_t serial = orders.serial.load(std::memory_order_acquire);
  if (serial == serial_) return;
  serial_ = serial;
  order_ = orders.order.load(std::memory_order_relaxed);
  if (order_ == Order::cut) close_all();
  if (order_ == Order::resume) begun_ = 0;
  if (order_ == Order::publish) {
    const Stage& stage = plan_.stages[orders.stage.load(std::memory_order_relaxed)];
    if (stage.held == Held::slow_readers && !holds_) hold_slow_ones();
  }
}

void ReceiverPart::step() {
  const Instant now = monotonic_now();
  if (order_ != Order::cut && order_ != Order::missed) open_more();
  if (!slow_.empty()) read_slow_ones();
  if (group_.churn_per_s > 0 && order_ == Order::publish) churn();
  if (order_ != Order::publish && now >= behind_due_) {
    count_behind();
    behind_due_ = now + behind_every;
  }
}

void ReceiverPart::open_more() {
  const uint32_t target = std::min(tally_.target.load(std::memory_order_relaxed), share_.count);
  const uint32_t most = order_ == Order::resume ? storming_max : opening_max;
  while (begun_ < target && opening_ < most) open(begun_++);
  if (again_.empty() || monotonic_now() < again_at_) return;
  while (!again_.empty() && opening_ < opening_max) {
    const uint32_t index = again_.back();
    again_.pop_back();
    if (receivers_[index].is_closed()) open(index);
  }
}

void ReceiverPart::open(uint32_t index) {
  const uint32_t topic = topic_of(index);
  const uint32_t next = names_.life > 0 ? checker_.next(index, 0) : 0;
  const std::string name = names_.name(topic, next);
  Subscription subscription{name, share_.first + index, {}, names_.life > 0};
  if (order_ == Order::resume && !last_ids_.empty()) {
    subscription.last_event_id = last_ids_[topic].id;
  }
  ++opening_;
  const bool small = pace_of(index) != Pace::eager && !group_.roomy;
  receivers_[index].open(share_.source_first + index / streams_per_source, subscription,
                         small ? small_receive_bytes : 0);
}

void ReceiverPart::close_all() {
  for (Receiver& receiver : receivers_) receiver.close();
  tally_.opened.store(0, std::memory_order_relaxed);
  opening_ = 0;
  again_.clear();
}

ReceiverPart::Pace ReceiverPart::pace_of(uint32_t index) const {
  const double place = (share_.first + index) % 100;
  if (place < group_.stalled_percent) return Pace::stalled;
  return place < group_.stalled_percent + group_.slow_percent ? Pace::slow : Pace::eager;
}

void ReceiverPart::hold_slow_ones() {
  holds_ = true;
  slow_due_ = monotonic_now();
  for (uint32_t i = 0; i < share_.count; ++i) {
    const Pace pace = pace_of(i);
    if (pace == Pace::eager) continue;
    receivers_[i].hold();
    checker_.give_up(i);
    if (pace == Pace::slow) slow_.push_back(i);
  }
}

// Each slow reader reads in its own moment of the period.
void ReceiverPart::read_slow_ones() {
  const Duration step = slow_every / static_cast<int64_t>(slow_.size());
  for (const Instant now = monotonic_now(); slow_due_ <= now; slow_due_ += step) {
    receivers_[slow_[next_slow_++ % slow_.size()]].read_some(slow_bytes);
  }
}

void ReceiverPart::churn() {
  const Instant now = monotonic_now();
  if (churn_due_ == Instant{}) churn_due_ = now;
  const double per_s = group_.churn_per_s * share_.count;
  const Duration step(static_cast<int64_t>(1e9 / per_s));
  for (; churn_due_ <= now && opening_ < opening_max; churn_due_ += step) {
    const uint32_t index = next_churned_++ % share_.count;
    if (!receivers_[index].is_open()) continue;
    receivers_[index].close();
    tally_.opened.fetch_sub(1, std::memory_order_relaxed);
    add_to(tally_.churned);
    checker_.begin_anywhere(index);
    open(index);
  }
}

void ReceiverPart::count_behind() {
  uint64_t behind = 0;
  for (uint32_t i = 0; i < share_.count; ++i) {
    if (!began_[i]) continue;  // told as a stream that did not open
    behind += checker_.behind(i, published_ + std::size_t{topic_of(i)} * group_.sources());
  }
  tally_.behind.store(behind, std::memory_order_relaxed);
  tally_.holes.store(checker_.holes(), std::memory_order_relaxed);
  tally_.twice.store(checker_.twice, std::memory_order_relaxed);
  tally_.out_of_order.store(checker_.out_of_order, std::memory_order_relaxed);
  add_to(tally_.behind_serial);
}

void ReceiverPart::on_open(Receiver& receiver) {
  --opening_;
  tally_.opened.fetch_add(1, std::memory_order_relaxed);
  const uint32_t index = receiver.index();
  if (!began_[index]) {
    began_[index] = true;
    const uint32_t* const published = published_ + std::size_t{topic_of(index)} * group_.sources();
    const bool is_late = names_.life == 0 && checker_.behind(index, published) > 0;
    if (is_late) checker_.begin_anywhere(index);
  }
  if (holds_ && pace_of(index) != Pace::eager) receiver.hold();
}

void ReceiverPart::on_read(Receiver&, std::size_t bytes) {
  read_at_ = monotonic_now();
  add_to(tally_.bytes, bytes);
  add_to(tally_.reads);
}

void ReceiverPart::on_event(Receiver& receiver, const Stamp& stamp, std::string_view before) {
  const uint32_t index = receiver.index();
  if (holds_ && pace_of(index) != Pace::eager) return add_to(tally_.held_deliveries);
  if (stamp.topic != topic_of(index) || stamp.source >= group_.sources()) {
    return add_to(tally_.corrupt);
  }
  add_to(tally_.deliveries);
  if (checker_.see(index, stamp.source, stamp.sequence) == Seen::twice) return;
  StageTally& stage = tally_.stages[stamp.stage % stages_max];
  add_to(stage.deliveries);
  stage.latency.record(read_at_ - stamp.due);
  if (completes_ > 0) {
    const uint64_t source = uint64_t{stamp.topic} * group_.sources() + stamp.source;
    if (completions_.count(source << 20 ^ stamp.sequence, completes_)) {
      stage.to_last.record(read_at_ - stamp.due);
    }
  }
  // Not from who is back first: the others have yet to say what they had.
  if (!last_ids_.empty() && order_ != Order::resume) {
    remember_id(stamp.topic, stamp.sequence, before);
  }
  if (names_.ends(stamp.topic, stamp.sequence)) {
    receiver.close();
    tally_.opened.fetch_sub(1, std::memory_order_relaxed);
    open(index);
  }
}

// The id that stands in front of the newest event any stream of the topic has.
void ReceiverPart::remember_id(uint32_t topic, uint32_t sequence, std::string_view before) {
  LastId& last = last_ids_[topic];
  if (sequence < last.sequence) return;
  const auto at = before.rfind("id:");
  const auto end = at == before.npos ? at : before.find('\n', at);
  if (end == before.npos) return;
  std::string_view id = before.substr(at + 3, end - at - 3);
  while (id.starts_with(' ')) id.remove_prefix(1);
  while (id.ends_with('\r')) id.remove_suffix(1);
  last = {sequence, std::string(id)};
}

void ReceiverPart::on_corrupt(Receiver&, uint32_t events) {
  add_to(tally_.corrupt, events);
}

void ReceiverPart::on_end(Receiver& receiver, bool was_open, std::string_view why) {
  if (was_open) {
    tally_.opened.fetch_sub(1, std::memory_order_relaxed);
  } else {
    --opening_;
  }
  const std::size_t length = std::min(why.size(), sizeof tally_.last_reason - 1);
  std::memcpy(tally_.last_reason, why.data(), length);
  tally_.last_reason[length] = 0;
  add_to(was_open ? tally_.cut : tally_.refused);
  const uint32_t index = receiver.index();
  // Whoever was to read slowly may be cut for it.
  if (holds_ && pace_of(index) != Pace::eager) return;
  // What it misses meanwhile is told by the cut, not event by event.
  if (was_open && names_.life == 0) checker_.begin_anywhere(index);
  again_.push_back(index);
  again_at_ = monotonic_now() + again_after;
}

}  // namespace fanfare::bench
