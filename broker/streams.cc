// broker/streams.cc: opening with or without history, gaps, messages to one stream, heartbeats,
// closing.
#include "broker/streams.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "core/limits.h"
#include "net/base64.h"
#include "net/json_escape.h"

namespace fanfare {
namespace {

constexpr Duration close_patience =
    std::chrono::seconds(5);  // for the last bytes of a closing stream

uint32_t tick_of(Instant now) {
  return static_cast<uint32_t>(now.time_since_epoch() / stream_tick);
}
Instant instant_of(uint32_t tick) {
  return Instant(stream_tick * tick);
}

// How long after its time a stream beats: up to a second, by its slot, so that streams which were
// all written to at one moment do not all beat at another.
Duration beat_delay(uint32_t slot) {
  constexpr uint32_t places = 64;
  return Duration(std::chrono::seconds(1)) * (slot * 37 % places) / places;
}

// The position before the first kept event; if nothing is kept, the end.
EventNumber before_first(const Page& page) {
  return page.first ? page.first->previous() : page.upto;
}

}  // namespace

std::string_view name_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::drain:
      return "drain";
    case CloseReason::lagged:
      return "lagged";
    case CloseReason::kicked:
      return "kicked";
    case CloseReason::age:
      return "age";
    case CloseReason::busy:
      return "busy";
    case CloseReason::expired:
      return "expired";
    case CloseReason::ended:
      return "ended";
  }
  return {};
}

Streams::Streams(Parts parts, Epoch epoch, uint32_t worker,
                 std::shared_ptr<const LiveSettings> live)
    : parts_(parts), epoch_(epoch), worker_(worker), live_(std::move(live)), ids_(parts.ids) {}

Streams::~Streams() {
  for_each([this](uint32_t slot) {
    Stream& stream = parts_.table[slot];
    parts_.fanout.forget(slot);
    delete stream.extra;
    stream.extra = nullptr;
    stream.use = SlotUse::vacant;
  });
}

uint32_t Streams::jittered_retry_ms() {
  const auto base = static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(live_->settings.retry).count());
  return base + static_cast<uint32_t>(parts_.random.below(base / 2 + 1));
}

StreamExtra& Streams::extra_of(Stream& stream) {
  if (stream.extra == nullptr) stream.extra = new StreamExtra();
  return *stream.extra;
}

void Streams::open(Slot slot, OpenStream request) {
  Stream& stream = parts_.table[slot.index];
  CHECK_EQ(stream.generation, slot.generation);
  stream.use = SlotUse::stream;
  stream.client = request.client;
  stream.unix_peer = request.unix_peer;
  stream.heartbeat_s = request.heartbeat_s;
  stream.beacons = request.beacons;
  stream.beat_event = request.beat_event;
  const Instant now = parts_.engine.now();
  stream.last_write_tick = tick_of(now);
  stream.age_end_tick = request.age_max == Duration{} ? 0 : tick_of(now + request.age_max);
  slots_used_ = std::max(slots_used_, slot.index + 1);
  ++count_;
  counters_.opened.add(1);

  // The feed first: from here on publishers wake this worker for it. Only then the tail, so that
  // nothing falls between.
  const uint32_t feed =
      parts_.feeds.open(request.subscription, request.format, parts_.host.bus_cursor().next());
  parts_.fanout.join(slot.index, feed);
  const EventNumber tail = parts_.host.bus_tail();
  parts_.engine.want_hangup(slot);
  schedule(slot.index, stream, now);

  Opening opening = std::move(request.opening);
  opening.head += head_of(slot.index, request);
  stream.next = tail.next();
  const bool nothing_to_replay =
      request.at.rule == StartRule::position && !opening.forced_gap && request.at.after >= tail;
  if (!request.replay || nothing_to_replay) {
    send_opening(slot.index, stream, opening, nullptr, tail);
    return;
  }
  extra_of(stream).opening = std::make_unique<Opening>(std::move(opening));
  ReplayAt at = request.at;
  at.upto = tail;
  pull(slot.index, stream, at);
}

std::string Streams::head_of(uint32_t slot, const OpenStream& request) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\n"
      "Content-Type: {}\r\n"
      "Cache-Control: no-store, no-transform\r\n"
      "X-Accel-Buffering: no\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Vary: Accept, Origin\r\n"
      "{}"
      "{}"
      "Connection: close\r\n"
      "Fanfare-Stream: {}\r\n",
      request.format.content_type(),
      request.format.framing == Framing::chunked ? "Transfer-Encoding: chunked\r\n" : "",
      request.head_fields, id_of(slot));
}

void Streams::send_opening(uint32_t slot, Stream& stream, const Opening& opening, const Page* page,
                           EventNumber position) {
  const WireFormat format = parts_.feeds[stream.feed].format();
  const bool gap = page != nullptr && (page->lost || opening.forced_gap);
  const std::string position_text = id(position).text();
  std::string out = opening.head;
  out += fmt::format("Fanfare-Last-Event-ID: {}\r\n", position_text);
  if (gap) {
    const Duration age = parts_.host.history_age(*parts_.feeds[stream.feed].subscription());
    out += fmt::format("Fanfare-History: {}\r\n",
                       std::chrono::duration_cast<std::chrono::seconds>(age).count());
  }
  out += "\r\n";
  append_head_block(out, format, epoch_, jittered_retry_ms(),
                    gap ? std::nullopt : std::optional(id(position)));
  if (opening.hello) {
    const std::string data = fmt::format(R"({{"stream":"{}","position":"{}","heartbeat_ms":{}}})",
                                         id_of(slot), position_text, stream.heartbeat_s * 1000);
    // Like the first block it leaves the id to a gap: a reader cut between the two is told again.
    append_control(out, format,
                   {"fanfare.hello", data, gap ? std::nullopt : std::optional(id(position)), 0});
  }
  if (gap) {
    append_gap(out, format, opening.asked, *page, opening.forced_gap.value_or(GapReason::expired));
  }
  extra_of(stream).own += out;
  parts_.fanout.queue(slot);
}

void Streams::append_gap(std::string& out, WireFormat format, std::string_view asked,
                         const Page& page, GapReason reason) {
  std::string data = R"({"asked":)";
  append_json_string(data, asked);
  data += R"(,"first":)";
  if (page.first) {
    append_json_string(data, id(*page.first).text());
  } else {
    data += "null";
  }
  data += fmt::format(R"(,"reason":"{}"}})", name_of(reason));
  append_control(out, format, {"fanfare.gap", data, id(before_first(page)), 0});
  counters_.gaps.add(1);
}

void Streams::pull(uint32_t slot, Stream& stream, const ReplayAt& at) {
  stream.pulling = true;
  parts_.fanout.set_lagging(slot);
  extra_of(stream).replay = std::make_unique<ReplayAt>(at);
  const Feed& feed = parts_.feeds[stream.feed];
  parts_.replays.pull({slot, stream.generation}, feed.subscription(), feed.format(), at,
                      parts_.engine.now());
}

void Streams::on_behind(uint32_t slot) {
  Stream& stream = parts_.table[slot];
  ReplayAt at;
  at.after = stream.next.previous();
  at.upto = parts_.host.bus_cursor();
  if (stream.extra != nullptr && stream.extra->replay) {
    // A first replay that is not over yet goes on by its own rule, up to where it was asked for.
    const ReplayAt& under_way = *stream.extra->replay;
    if (under_way.rule != StartRule::position && under_way.upto > at.after) {
      const EventNumber after = at.after;
      at = under_way;
      at.after = after;
    }
  }
  pull(slot, stream, at);
}

bool Streams::cuts_laggards(const Feed& feed) const {
  return parts_.host.lag_policy(*feed.subscription()) == LagPolicy::cut;
}

void Streams::on_page(Slot slot, const Page& page, Instant now) {
  Stream* const stream = parts_.table.find(slot);
  if (stream == nullptr || !stream->pulling || stream->closing) return;
  stream->pulling = false;
  const bool opening = stream->extra->opening != nullptr;
  if (opening) {
    open_with(slot.index, *stream, page);
  } else if (ReplayAt& at = *stream->extra->replay; at.lagged) {
    at.lagged = false;
    append_lag(*stream, page);
  } else if (page.lost && !tell_lag(slot.index, *stream, page, now)) {
    return;
  }
  if (page.block) {
    CHECK(stream->torn == nullptr);
    stream->torn = BlockRef(page.block).release();
    stream->torn_offset = 0;
    stream->torn_end = page.block->size();
    stream->torn_begun = false;
    parts_.fanout.count_deliveries(page.events);
  }
  stream->next = page.upto.next();
  parts_.fanout.queue(slot.index);
}

void Streams::open_with(uint32_t slot, Stream& stream, const Page& page) {
  const std::unique_ptr<Opening> opening = std::move(stream.extra->opening);
  const ReplayAt& at = *stream.extra->replay;
  const bool gap = page.lost || opening->forced_gap;
  const bool by_position = at.rule == StartRule::position;
  send_opening(slot, stream, *opening, &page, by_position && !gap ? at.after : before_first(page));
}

void Streams::append_lag(Stream& stream, const Page& page) {
  append_gap(extra_of(stream).own, parts_.feeds[stream.feed].format(),
             id(stream.next.previous()).text(), page, GapReason::lagged);
}

// History has lost the place of a stream that fell behind. False: this page is not for it.
bool Streams::tell_lag(uint32_t slot, Stream& stream, const Page& page, Instant now) {
  counters_.lagged.add(1);
  const Feed& feed = parts_.feeds[stream.feed];
  const LagPolicy policy = parts_.host.lag_policy(*feed.subscription());
  if (policy == LagPolicy::cut) {
    close(slot, CloseReason::lagged, now);
    return false;
  }
  if (policy == LagPolicy::latest) {
    ReplayAt at;
    at.rule = StartRule::newest;
    at.newest = 1;
    at.after = stream.next.previous();
    at.upto = parts_.host.bus_cursor();
    at.lagged = true;
    pull(slot, stream, at);
    return false;
  }
  append_lag(stream, page);
  return true;
}

bool Streams::send_own(uint32_t slot, std::string_view bytes) {
  Stream& stream = parts_.table[slot];
  StreamExtra& extra = extra_of(stream);
  if (extra.own.size() - extra.own_sent + bytes.size() > limits::own_bytes_max) return false;
  extra.own += bytes;
  parts_.fanout.queue(slot);
  return true;
}

bool Streams::send_event(uint32_t slot, std::string_view type, std::string_view data,
                         DataKind kind) {
  const Stream& stream = parts_.table[slot];
  // Before its head is out nobody can know its id; after its end nobody would read it.
  if (stream.closing || (stream.extra != nullptr && stream.extra->opening)) return false;
  const WireFormat format = parts_.feeds[stream.feed].format();
  std::string out;
  append_message(out, format, type, data, kind);
  return send_own(slot, out);
}

void Streams::close(uint32_t slot, CloseReason reason, Instant now) {
  Stream& stream = parts_.table[slot];
  if (stream.closing) return;
  if (stream.extra != nullptr && stream.extra->opening) {
    // Nothing of the answer has been sent: the end of the connection makes its client try again.
    drop(slot, CloseHow::now);
    return;
  }
  const WireFormat format = parts_.feeds[stream.feed].format();
  const uint32_t retry = jittered_retry_ms();
  const std::string data =
      fmt::format(R"({{"reason":"{}","final":false,"retry_ms":{}}})", name_of(reason), retry);
  std::string& own = extra_of(stream).own;
  append_control(own, format, {"fanfare.close", data, {}, retry});
  append_end(own, format);
  parts_.fanout.set_closing(slot);
  stream.pulling = false;
  if (stream.torn != nullptr && !stream.torn_begun) {  // a page that has not begun
    stream.torn->unref();
    stream.torn = nullptr;
  }
  parts_.wheel.schedule(slot, now + close_patience);
  parts_.fanout.queue(slot);
}

void Streams::on_writable(uint32_t slot) {
  Stream& stream = parts_.table[slot];
  stream.blocked = false;
  parts_.fanout.queue(slot);
}

void Streams::on_hung_up(uint32_t slot) {
  counters_.hung_up.add(1);
  drop(slot, CloseHow::now);
}

void Streams::on_broken(uint32_t slot, int error) {
  static_cast<void>(error);
  counters_.hung_up.add(1);
  drop(slot, CloseHow::now);
}

void Streams::on_finished(uint32_t slot) {
  drop(slot, CloseHow::linger);
}

void Streams::drop(uint32_t slot, CloseHow how) {
  Stream& stream = parts_.table[slot];
  CHECK(stream.use == SlotUse::stream);
  parts_.fanout.forget(slot);
  parts_.wheel.cancel(slot);
  delete stream.extra;
  stream.extra = nullptr;
  --count_;
  counters_.closed.add(1);
  stream.use = SlotUse::closing;
  parts_.host.on_stream_closed(slot);
  parts_.engine.close({slot, stream.generation}, how);
}

Instant Streams::beat_due(uint32_t slot, const Stream& stream) {
  return instant_of(stream.last_write_tick) + std::chrono::seconds(stream.heartbeat_s) +
         beat_delay(slot);
}

void Streams::schedule(uint32_t slot, Stream& stream, Instant now) {
  Instant due = std::max(beat_due(slot, stream), now + stream_tick);
  if (stream.unacked) {
    const Instant judged =
        std::max(instant_of(stream.acked_tick) + unacknowledged_max, now + stream_tick);
    due = stream.blocked ? judged : std::min(due, judged);  // the blocked have no heartbeats
  }
  if (stream.age_end_tick != 0)
    due = std::min(due, std::max(instant_of(stream.age_end_tick), now + stream_tick));
  parts_.wheel.schedule(slot, due);
}

void Streams::on_timer(uint32_t slot, Instant now) {
  Stream& stream = parts_.table[slot];
  if (stream.closing) {  // its last bytes were not taken in time
    drop(slot, CloseHow::reset);
    return;
  }
  if (has_fallen_silent(slot, stream, now)) {
    counters_.hung_up.add(1);
    drop(slot, CloseHow::reset);
    return;
  }
  if (stream.age_end_tick != 0 && now >= instant_of(stream.age_end_tick)) {
    close(slot, CloseReason::age, now);
    return;
  }
  if (now >= beat_due(slot, stream)) beat(slot, stream, now);
  schedule(slot, stream, now);
}

bool Streams::has_fallen_silent(uint32_t slot, Stream& stream, Instant now) {
  if (stream.unix_peer) return false;  // ends with its process
  const uint32_t outstanding = parts_.engine.unacknowledged({slot, stream.generation}).value_or(0);
  const uint32_t acked = std::exchange(stream.outstanding, outstanding) - outstanding;
  if (outstanding > 0 && stream.unacked && acked == 0)
    return now - instant_of(stream.acked_tick) >= unacknowledged_max;
  stream.unacked = outstanding > 0;
  stream.acked_tick = tick_of(now);
  return false;
}

void Streams::beat(uint32_t slot, Stream& stream, Instant now) {
  // Its position is true only when nothing is on its way to it.
  const bool own = stream.extra != nullptr && stream.extra->own_pending();
  if (stream.blocked || stream.pulling || stream.torn != nullptr || own) return;
  const Feed& feed = parts_.feeds[stream.feed];
  const WireFormat format = feed.format();
  const EventNumber cursor = parts_.host.bus_cursor();
  const bool current = stream.next > feed.last();
  const bool moved = current && cursor >= stream.next;
  if (moved) stream.next = cursor.next();
  const EventId position = id(stream.next.previous());
  std::string out;
  if (stream.beat_event) {
    append_control(out, format, {"fanfare.heartbeat", "{}", position, 0});
  } else if (moved && stream.beacons) {
    append_beacon(out, format, position);
  } else {
    append_heartbeat(out, format);
  }
  counters_.heartbeats.add(1);
  send_own(slot, out);
  stream.last_write_tick = tick_of(now);
  // From now on; what came before it has just been looked at.
  stream.unacked = !stream.unix_peer;
}

}  // namespace fanfare
