// broker/fanout.cc: filling batches from feeds and single streams, and what each send's result
// means.
#include "broker/fanout.h"

#include <algorithm>
#include <cerrno>

#include "broker/stream_extra.h"

namespace fanfare {
namespace {

constexpr std::size_t batch_sends_max = 32;
constexpr uint32_t visits_per_send_max = 16;  // members looked at for each send that may be filled

uint32_t tick_of(Instant now) {
  return static_cast<uint32_t>(now.time_since_epoch() / stream_tick);
}

}  // namespace

FanOut::FanOut(Engine& engine, StreamTable& streams, FeedTable& feeds, CongestionMap& congestion,
               StreamWatcher& watcher, Limits limits)
    : engine_(engine),
      streams_(streams),
      feeds_(feeds),
      congestion_(congestion),
      watcher_(watcher),
      limits_(limits) {
  entries_.reserve(batch_sends_max);
  batch_.reserve(batch_sends_max);
}

void FanOut::on_append(uint32_t feed_id, const Event& event, Instant now) {
  Feed& feed = feeds_[feed_id];
  bool wait = false;
  if (!feed.active) {
    feed.active = true;
    active_.push_back(feed_id);
    // A different place each time, so that the same reader is not always the last. A round that
    // follows on another goes on where that ended: each reader is visited at equal intervals.
    feed.sweep.at += feed.members().size() / 3 + 1;
    begin_round(feed, now);
  } else if (feed.sweep.debt > feed.sweep.debt_max) {
    see_debt(feed);
    wait = feed.sweep.debt > feed.sweep.debt_max;
  }
  wait = crowd_holds(feed_id, feed, event, now) || wait;
  if (wait) mark(feed, event);
}

Feed::Pressure& FanOut::pressure_of(Feed& feed) {
  if (!feed.pressure) feed.pressure = std::make_unique<Feed::Pressure>();
  return *feed.pressure;
}

void FanOut::mark(Feed& feed, const Event& event) {
  std::vector<uint32_t>& marked = pressure_of(feed).marked;
  event.for_each_topic([&](std::string_view topic) {
    const uint32_t bit = CongestionMap::bit_of(topic_hash(topic));
    if (std::find(marked.begin(), marked.end(), bit) != marked.end()) return;
    marked.push_back(bit);
    congestion_.mark(bit);
  });
}

void FanOut::unmark(Feed::Pressure& pressure) {
  for (const uint32_t bit : pressure.marked) congestion_.unmark(bit);
  pressure.marked.clear();
}

// Unless there is another reason for publishers to wait.
void FanOut::relieve(Feed& feed) {
  if (!feed.pressure) return;
  Feed::Pressure& pressure = *feed.pressure;
  if (pressure.crowd && pressure.crowd->holds_publishers()) return;
  if (feed.active && feed.sweep.debt > feed.sweep.debt_max) return;
  unmark(pressure);
  if (!pressure.crowd) feed.pressure.reset();
}

bool FanOut::crowd_holds(uint32_t feed_id, Feed& feed, const Event& event, Instant now) {
  if (!feed.pressure || !feed.pressure->crowd) {
    if (!Crowd::begins(feed.behind, feed.members().size())) return false;
    if (!watcher_.cuts_laggards(feed)) return false;
    pressure_of(feed).crowd.emplace(now, note_who_is_behind(feed));
    crowds_.push_back(feed_id);
  }
  Crowd& crowd = *feed.pressure->crowd;
  crowd.on_event(event.chunked_frame().size());
  return crowd.holds_publishers();
}

// A walk over its members, once in a window.
uint32_t FanOut::note_who_is_behind(const Feed& feed) {
  for (const uint32_t slot : feed.members().ids()) streams_[slot].in_crowd = streams_[slot].behind;
  return feed.behind;
}

void FanOut::look_at_crowds(Instant now) {
  for (std::size_t i = 0; i < crowds_.size();) {
    Feed& feed = feeds_[crowds_[i]];
    std::optional<Crowd>& crowd = feed.pressure->crowd;
    if (!Crowd::has_caught_up(feed.behind, feed.members().size())) {
      if (now >= crowd->window_end()) {
        crowd->begin_window(now, note_who_is_behind(feed));
        relieve(feed);
      }
      ++i;
      continue;
    }
    crowd.reset();
    relieve(feed);
    crowds_[i] = crowds_.back();
    crowds_.pop_back();
  }
}

Instant FanOut::next_look() const {
  Instant next = never;
  for (const uint32_t id : crowds_) next = std::min(next, feeds_[id].pressure->crowd->window_end());
  return next;
}

// Its last reader leaves.
void FanOut::forget_pressure(uint32_t feed_id, Feed& feed) {
  if (!feed.pressure) return;
  std::erase(crowds_, feed_id);
  unmark(*feed.pressure);
  feed.pressure.reset();
}

void FanOut::begin_round(Feed& feed, Instant now) {
  const uint32_t members = feed.members().size();
  feed.sweep.left = members;
  if (members != 0) feed.sweep.at %= members;
  feed.sweep.end = feed.last();
  feed.sweep.began = now;
  if (feed.sweep.debt_max == 0) feed.sweep.debt_max = limits_.debt_max;
  if (feed.pressure) see_debt(feed);
  counters_.sweeps.add(1);
}

// The sweep's hand moves on, and publishers flow in behind it as fast as it goes: not in bursts
// between rounds, which would make each wait for a whole one. Until this looks, `debt` is what was
// appended since it last did: a bound, which is all that a feed without congestion needs.
void FanOut::see_debt(Feed& feed) {
  const IdList& members = feed.members();
  if (members.empty()) return;
  const Stream& next = streams_[members[feed.sweep.at % members.size()]];
  if (next.behind || next.pulling || next.closing) return;  // not the feed's debt
  feed.sweep.debt = feed.bytes_from(next.next);
  if (feed.sweep.debt <= feed.sweep.debt_max) relieve(feed);
}

void FanOut::adapt_debt(Feed& feed, Instant now) {
  const Duration took = now - feed.sweep.began;
  uint32_t& debt_max = feed.sweep.debt_max;
  if (took > limits_.round_time) {
    // Towards the aim, by a half at most.
    const double ratio =
        static_cast<double>(limits_.round_time.count()) / static_cast<double>(took.count());
    debt_max = static_cast<uint32_t>(static_cast<double>(debt_max) * std::max(ratio, 0.5));
  } else {
    debt_max += debt_max / 8;
  }
  debt_max = std::clamp(debt_max, limits_.debt_min, limits_.debt_max);
}

void FanOut::queue(uint32_t slot) {
  Stream& stream = streams_[slot];
  if (stream.queued) return;
  stream.queued = true;
  queued_.push_back(slot);
}

void FanOut::join(uint32_t slot, uint32_t feed_id) {
  Stream& stream = streams_[slot];
  stream.feed = feed_id;
  Feed& feed = feeds_[feed_id];
  stream.member = feed.add_member(slot);
  if (feed.active)
    ++feed.sweep.left;  // the round now goes over one place more before it is back at its start
}

void FanOut::set_closing(uint32_t slot) {
  Stream& stream = streams_[slot];
  stream.closing = true;
  set_behind(stream, false);
}

void FanOut::forget(uint32_t slot) {
  Stream& stream = streams_[slot];
  CHECK(!stream.in_batch);
  set_behind(stream, false);
  if (stream.torn != nullptr) {
    stream.torn->unref();
    stream.torn = nullptr;
  }
  Feed& feed = feeds_[stream.feed];
  if (const auto moved = feed.remove_member(stream.member)) {
    streams_[*moved].member = stream.member;
    if (feed.active && streams_[*moved].next <= feed.last()) {
      // It may have moved to a place that this round has passed.
      set_lagging(*moved);
      queue(*moved);
    }
  }
  if (feed.members().empty()) forget_pressure(stream.feed, feed);
  feeds_.close_if_empty(stream.feed);
}

void FanOut::set_behind(Stream& stream, bool behind) {
  if (stream.behind == behind || (behind && stream.closing)) return;
  stream.behind = behind;
  Feed& feed = feeds_[stream.feed];
  if (feed.behind == 0) ++feeds_behind_;
  feed.behind = behind ? feed.behind + 1 : feed.behind - 1;
  if (feed.behind == 0) --feeds_behind_;
}

void FanOut::run(const std::function<Instant()>& clock, Duration time_max, std::size_t bytes_max) {
  send_batches(clock, time_max, bytes_max);
  if (!crowds_.empty()) look_at_crowds(clock());
}

void FanOut::send_batches(const std::function<Instant()>& clock, Duration time_max,
                          std::size_t bytes_max) {
  Instant now = clock();
  const Instant end = now + time_max;
  const uint64_t bytes_at_start = counters_.bytes.value();
  while (has_work()) {
    // Single streams get at most half of a batch while feeds have work.
    fill_from_queue(active_.empty() ? batch_sends_max : batch_sends_max / 2);
    fill_from_feeds();
    if (!batch_.empty()) send_batch(now);
    now = clock();
    end_rounds(now);
    if (now >= end || counters_.bytes.value() - bytes_at_start >= bytes_max) return;
  }
}

void FanOut::fill_from_queue(std::size_t most) {
  for (std::size_t turns = queued_.size(); turns > 0 && batch_.size() < most; --turns) {
    const uint32_t slot = queued_.front();
    queued_.pop_front();
    Stream& stream = streams_[slot];
    if (!stream.queued) continue;  // closed since, and perhaps another's slot now
    stream.queued = false;
    if (stream.use != SlotUse::stream || stream.blocked) continue;
    fill_one(slot);
  }
}

void FanOut::fill_from_feeds() {
  std::size_t turns = active_.size();
  if (turns == 0) return;
  const std::size_t share = std::max<std::size_t>(1, (batch_sends_max - batch_.size()) / turns);
  for (; turns > 0 && batch_.size() < batch_sends_max; --turns) {
    const uint32_t id = active_.front();
    active_.pop_front();
    fill_from(id, std::min(share, batch_sends_max - batch_.size()));
    if (feeds_[id].sweep.left == 0) {
      round_over_.push_back(id);
    } else {
      if (feeds_[id].pressure) see_debt(feeds_[id]);
      active_.push_back(id);
    }
  }
}

void FanOut::fill_from(uint32_t feed_id, std::size_t most) {
  Feed& feed = feeds_[feed_id];
  const IdList& members = feed.members();
  feed.sweep.left = std::min(feed.sweep.left, members.size());
  auto visits = static_cast<uint32_t>(most) * visits_per_send_max;
  for (; feed.sweep.left > 0 && most > 0 && visits > 0; --visits, --feed.sweep.left) {
    if (feed.sweep.at >= members.size()) feed.sweep.at = 0;
    const uint32_t slot = members[feed.sweep.at++];
    Stream& stream = streams_[slot];
    if (stream.blocked || stream.pulling || stream.closing) continue;
    if (stream.next > feed.last()) continue;
    if (stream.in_batch) {  // it came in from the queue, with other bytes or only a part of these
      set_behind(stream, true);
      continue;
    }
    if (!fill_one(slot)) continue;
    --most;
    // Other bytes of this stream go first: the round does not wait for it.
    if (entries_.back().source != Source::feed) set_behind(stream, true);
  }
}

// Adds what this stream is to be sent next, if anything. True: it is in the batch.
bool FanOut::fill_one(uint32_t slot) {
  Stream& stream = streams_[slot];
  if (stream.in_batch) return false;
  // A send that was cut short goes first; a page that has not begun lets the stream's own bytes
  // pass.
  const bool own = stream.extra != nullptr && stream.extra->own_pending();
  if (stream.torn != nullptr && (stream.torn_begun || !own)) {
    const std::string_view rest =
        stream.torn->bytes(stream.torn_offset).substr(0, stream.torn_end - stream.torn_offset);
    Entry entry{slot, Source::torn, stream.torn, stream.torn_offset, stream.next, 0};
    add(slot, stream, entry, rest);
    return true;
  }
  if (own) {
    add(slot, stream, {slot, Source::own, nullptr, 0, stream.next, 0},
        std::string_view(stream.extra->own).substr(stream.extra->own_sent));
    return true;
  }
  if (stream.closing) {
    watcher_.on_finished(slot);
    return false;
  }
  Feed& feed = feeds_[stream.feed];
  if (stream.pulling) return false;
  if (stream.next > feed.last()) {
    set_behind(stream, false);
    if (stream.extra != nullptr) {
      stream.extra->replay.reset();  // it has caught up
      free_if_empty(stream);
    }
    return false;
  }
  if (stream.next < feed.covered_from()) {
    set_behind(stream, true);
    watcher_.on_behind(slot);
    return false;
  }
  add_feed_bytes(slot, stream, feed);
  return true;
}

void FanOut::free_if_empty(Stream& stream) {
  if (!stream.extra->empty()) return;
  delete stream.extra;
  stream.extra = nullptr;
}

void FanOut::add_feed_bytes(uint32_t slot, Stream& stream, Feed& feed) {
  const Feed::Place place = feed.find(stream.next);
  add(slot, stream,
      {slot, Source::feed, place.block, place.offset, place.block->last().next(), place.events},
      place.block->bytes(place.offset));
}

void FanOut::add(uint32_t slot, Stream& stream, const Entry& entry, std::string_view bytes) {
  stream.in_batch = true;
  entries_.push_back(entry);
  batch_.push_back({{slot, stream.generation}, bytes_of(bytes), 0});
}

void FanOut::send_batch(Instant now) {
  engine_.send(batch_);
  last_tick_ = tick_of(now);
  counters_.sends.add(batch_.size());
  for (const Entry& entry : entries_) streams_[entry.slot].in_batch = false;
  for (std::size_t i = 0; i < entries_.size(); ++i) settle(entries_[i], batch_[i].result, now);
  entries_.clear();
  batch_.clear();
}

void FanOut::settle(const Entry& entry, int result, Instant now) {
  static_cast<void>(now);
  Stream& stream = streams_[entry.slot];
  if (result < 0 && result != -EAGAIN) {
    watcher_.on_broken(entry.slot, -result);
    return;
  }
  const std::size_t taken = result < 0 ? 0 : static_cast<std::size_t>(result);
  counters_.bytes.add(taken);
  if (taken > 0) stream.last_write_tick = last_tick_;
  stream.outstanding += static_cast<uint32_t>(taken);
  if (taken > 0 && stream.in_crowd && entry.source != Source::own) {
    stream.in_crowd = false;
    const auto& pressure = feeds_[stream.feed].pressure;
    if (pressure && pressure->crowd) pressure->crowd->on_taken();
  }
  const std::size_t index = static_cast<std::size_t>(&entry - entries_.data());
  if (taken == batch_[index].bytes.size()) {
    settle_full(entry, stream);
  } else {
    settle_short(entry, stream, taken);
  }
}

void FanOut::settle_full(const Entry& entry, Stream& stream) {
  switch (entry.source) {
    case Source::feed:
      stream.next = entry.next;
      counters_.deliveries.add(entry.events);
      if (stream.next <= feeds_[stream.feed].last()) {
        queue(entry.slot);  // the feed has further blocks
      } else if (stream.behind) {
        set_behind(stream, false);
      }
      break;
    case Source::torn:
      stream.torn->unref();
      stream.torn = nullptr;
      queue(entry.slot);
      break;
    case Source::own:
      stream.extra->own.clear();
      stream.extra->own_sent = 0;
      free_if_empty(stream);
      queue(entry.slot);
      break;
  }
}

void FanOut::settle_short(const Entry& entry, Stream& stream, std::size_t taken) {
  const auto n = static_cast<uint32_t>(taken);
  switch (entry.source) {
    case Source::feed:
      if (n != 0) tear(entry, stream, entry.offset + n);
      break;
    case Source::torn:
      stream.torn_offset += n;
      stream.torn_begun = stream.torn_begun || n != 0;
      break;
    case Source::own:
      stream.extra->own_sent += n;
      break;
  }
  block(stream, entry.slot);
}

// The socket took the block's bytes up to `at`. What a slow stream keeps is the rest of the event
// that was cut, and its number: the block may go.
void FanOut::tear(const Entry& entry, Stream& stream, uint32_t at) {
  const auto entries = entry.block->entries();
  const auto cut = std::partition_point(entries.begin(), entries.end(),
                                        [&](const Block::Entry& e) { return e.end <= at; });
  const auto first = static_cast<std::ptrdiff_t>(entry.block->index_of(stream.next));
  CHECK(cut != entries.end());
  const auto passed = static_cast<uint32_t>(cut - entries.begin() - first);
  const uint32_t begins = entry.block->offset_of(static_cast<uint32_t>(cut - entries.begin()));
  if (begins == at) {  // between two events
    counters_.deliveries.add(passed);
    stream.next = std::prev(cut)->number.next();
    return;
  }
  counters_.deliveries.add(passed + 1);
  stream.next = cut->number.next();
  if (entry.block->unshared()) {
    BlockRef rest = Block::make(cut->end - at, 1);
    rest->append(cut->number, entry.block->bytes(at).substr(0, cut->end - at));
    stream.torn_offset = 0;
    stream.torn_end = rest->size();
    stream.torn = rest.release();
  } else {
    entry.block->ref();
    stream.torn = entry.block;
    stream.torn_offset = at;
    stream.torn_end = cut->end;
  }
  stream.torn_begun = true;
}

void FanOut::block(Stream& stream, uint32_t slot) {
  counters_.blocked.add(1);
  stream.blocked = true;
  set_behind(stream, true);
  engine_.want_writable({slot, stream.generation});
}

void FanOut::end_rounds(Instant now) {
  for (const uint32_t id : round_over_) {
    Feed& feed = feeds_[id];
    feed.set_offered(feed.sweep.end);
    adapt_debt(feed, now);
    const std::size_t share = limits_.windows_bytes_total / std::max<std::size_t>(1, feeds_behind_);
    feed.trim(feed.behind == 0 ? 0 : std::min(limits_.window_bytes, share));
    if (feed.last() > feed.sweep.end && !feed.members().empty()) {
      begin_round(feed, now);
      active_.push_back(id);
      continue;
    }
    feed.active = false;
    relieve(feed);
    feeds_.close_if_empty(id);
  }
  round_over_.clear();
}

}  // namespace fanfare
