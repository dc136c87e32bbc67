// broker/streams.h: the open streams of one worker: how each opens, what is sent to it alone, and
// how it ends.
//
// Thread: its worker's.   Owned by: Broker.
// Bytes of one stream alone go out only between events, wait in a bounded buffer while a send is
// torn, carry no `id:` and have no order against feed events (docs/ARCHITECTURE.md#streams).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "broker/fanout.h"
#include "broker/live_settings.h"
#include "broker/replay.h"
#include "broker/stream_extra.h"
#include "broker/stream_id.h"
#include "core/random.h"
#include "core/timer_wheel.h"

namespace fanfare {

// Why the broker closes a stream; readers see the name.
enum class CloseReason : uint8_t { drain, lagged, kicked, age, busy, expired, ended };
std::string_view name_of(CloseReason reason);

struct StreamCounters {
  Counter opened, closed, gaps, lagged, heartbeats, hung_up;
};

// A checked request for a stream.
struct OpenStream {
  Subscription::Ref subscription;
  WireFormat format;
  bool replay = false;  // history first: `at` and `opening` say from where
  ReplayAt at;          // upto is set by open()
  Opening opening;
  uint8_t heartbeat_s = 15;
  bool beacons = true;
  bool beat_event = false;
  unsigned http_minor = 1;
  std::string head_fields;  // of this answer alone, such as CORS; complete lines with CR LF
  uint64_t client = 0;
  bool unix_peer = false;
  Duration age_max{};  // 0: none
};

// What streams need of their worker.
class StreamHost {
 public:
  virtual ~StreamHost() = default;
  virtual EventNumber bus_tail() const = 0;    // the newest claimed number
  virtual EventNumber bus_cursor() const = 0;  // this worker has read up to here
  virtual LagPolicy lag_policy(const Subscription& subscription) const = 0;
  // How long events of its first topic are kept.
  virtual Duration history_age(const Subscription& subscription) const = 0;
  virtual void on_stream_closed(
      uint32_t slot) = 0;  // its slot is closing; counts are to be taken back
};

class Streams final : public StreamWatcher {
 public:
  struct Parts {
    Engine& engine;
    StreamTable& table;
    FeedTable& feeds;
    FanOut& fanout;
    Replays& replays;
    TimerWheel& wheel;
    const StreamIds& ids;
    StreamHost& host;
    Random& random;
  };
  Streams(Parts parts, Epoch epoch, uint32_t worker, std::shared_ptr<const LiveSettings> live);
  ~Streams() override;
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;
  void use_settings(std::shared_ptr<const LiveSettings> live) { live_ = std::move(live); }

  // Makes the connection at `slot` a stream. Its head goes out at once, or with the first page of
  // history.
  void open(Slot slot, OpenStream request);

  // Appends bytes of this stream alone. False: its buffer is full, nothing was appended.
  bool send_own(uint32_t slot, std::string_view bytes);
  // Sends one event to this stream alone, without an id.
  bool send_event(uint32_t slot, std::string_view type, std::string_view data, DataKind kind);
  // Says why, ends the body, and closes when that has gone (or a little later, if the peer does not
  // take it).
  void close(uint32_t slot, CloseReason reason, Instant now);

  void on_page(Slot slot, const Page& page, Instant now);
  void on_writable(uint32_t slot);
  void on_hung_up(uint32_t slot);
  void on_timer(uint32_t slot, Instant now);

  void on_behind(uint32_t slot) override;
  bool cuts_laggards(const Feed& feed) const override;
  void on_broken(uint32_t slot, int error) override;
  void on_finished(uint32_t slot) override;

  std::size_t count() const { return count_; }
  std::string id_of(uint32_t slot) { return ids_.text(worker_, parts_.table.slot(slot)); }
  EventId id(EventNumber number) const { return {epoch_, number}; }
  uint32_t jittered_retry_ms();
  // Calls fn(slot) for each open stream, those of each feed together.
  template <class Fn>
  void for_each(Fn&& fn) {
    for (uint32_t i = 0; i < slots_used_; ++i) {
      if (parts_.table[i].use == SlotUse::stream) fn(i);
    }
  }
  const StreamCounters& counters() const { return counters_; }

 private:
  StreamExtra& extra_of(Stream& stream);
  std::string head_of(uint32_t slot, const OpenStream& request);
  // The end of the head, the head block, a gap if one is to be told, hello.
  void send_opening(uint32_t slot, Stream& stream, const Opening& opening, const Page* page,
                    EventNumber position);
  void open_with(uint32_t slot, Stream& stream, const Page& page);
  void append_lag(Stream& stream, const Page& page);
  bool tell_lag(uint32_t slot, Stream& stream, const Page& page, Instant now);
  void append_gap(std::string& out, WireFormat format, std::string_view asked, const Page& page,
                  GapReason reason);
  void pull(uint32_t slot, Stream& stream, const ReplayAt& at);
  static Instant beat_due(uint32_t slot, const Stream& stream);
  // Looks at what has been acknowledged. True: nothing of what lies at the socket, for
  // unacknowledged_max.
  bool has_fallen_silent(uint32_t slot, Stream& stream, Instant now);
  void beat(uint32_t slot, Stream& stream, Instant now);
  void schedule(uint32_t slot, Stream& stream, Instant now);
  void drop(uint32_t slot, CloseHow how);

  Parts parts_;
  const Epoch epoch_;
  const uint32_t worker_;
  std::shared_ptr<const LiveSettings> live_;
  const StreamIds& ids_;
  uint32_t slots_used_ = 0;
  std::size_t count_ = 0;
  StreamCounters counters_;
};

}  // namespace fanfare
