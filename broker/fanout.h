// broker/fanout.h: brings the bytes of feeds to their streams: sweeps in batches, many feeds at
// once, within a budget.
//
// Thread: its worker's.   Owned by: Broker.
// A feed with new events is swept: each of its members gets everything from its cursor to the
// feed's end in one send. Feeds take turns inside every batch, so that a huge topic does not hold
// small ones back. Single streams (a socket that drained, a page that arrived, bytes of one stream
// alone) queue beside the feeds. Nothing is tried on a stream that is blocked.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "broker/congestion.h"
#include "broker/feed_table.h"
#include "broker/stream.h"
#include "core/bytes.h"
#include "core/counter.h"
#include "core/histogram.h"
#include "net/engine.h"

namespace fanfare {

// What the fan-out tells of a stream. The calls may close it, never another one.
class StreamWatcher {
 public:
  virtual ~StreamWatcher() = default;
  virtual void on_behind(uint32_t slot) = 0;             // its place has left the feed's window
  virtual void on_broken(uint32_t slot, int error) = 0;  // its socket failed
  virtual void on_finished(uint32_t slot) = 0;  // it was closing and its last byte has gone
  // Whoever reads too slowly loses its place in this feed and is cut: publishers may wait instead.
  virtual bool cuts_laggards(const Feed& feed) const = 0;
};

struct FanOutCounters {
  Counter deliveries;  // events handed to sockets, counted per stream
  Counter sends;       // send attempts
  Counter bytes;
  Counter blocked;  // sends that found the socket full or took only a part
  Counter sweeps;
};

class FanOut {
 public:
  struct Limits {
    // What the member that is visited next may lack before the feed's topics are marked as
    // congested. Within these bounds it is adapted until a round takes about round_time: more
    // events in a send make each cheaper, and all of them later. A send must also fit into the
    // socket of a reader that keeps up (64 KiB of window at first): with 128 KiB healthy readers
    // were blocked again and again, at 0.6 of the floor's deliveries and four times its latency.
    uint32_t debt_min = 8_KiB, debt_max = 48_KiB;
    Duration round_time = std::chrono::milliseconds(150);
    std::size_t window_bytes = 256_KiB;        // kept of a feed for members that are behind
    std::size_t windows_bytes_total = 64_MiB;  // of all feeds together
  };

  FanOut(Engine& engine, StreamTable& streams, FeedTable& feeds, CongestionMap& congestion,
         StreamWatcher& watcher, Limits limits);

  // An event was appended to the feed.
  void on_append(uint32_t feed, const Event& event, Instant now);
  // The stream may have something to send.
  void queue(uint32_t slot);
  // The stream closes when its own bytes have gone: it gets no more events, and neither rounds nor
  // publishers wait for it.
  void set_closing(uint32_t slot);
  // The stream is about to be closed: leaves its feed (which may go with it) and gives back what it
  // holds.
  void forget(uint32_t slot);
  // A stream enters a feed's members.
  void join(uint32_t slot, uint32_t feed);
  // Until it has caught up, the feed keeps its window for this stream, within limits; rounds do not
  // count on it.
  void set_lagging(uint32_t slot) { set_behind(streams_[slot], true); }

  // Sends until nothing is left or the budget is used; the clock is read between batches.
  void run(const std::function<Instant()>& clock, Duration time_max, std::size_t bytes_max);
  bool has_work() const { return !active_.empty() || !queued_.empty(); }
  // When crowds that are behind are to be looked at again; never: there is none.
  Instant next_look() const;

  // Events that reach a stream by a page of history.
  void count_deliveries(uint32_t events) { counters_.deliveries.add(events); }

  const FanOutCounters& counters() const { return counters_; }

 private:
  enum class Source : uint8_t { feed, torn, own };
  struct Entry {
    uint32_t slot;
    Source source;
    Block* block;  // feed, torn
    uint32_t offset;
    EventNumber next;  // of the stream after a full send
    uint32_t events;   // how many a full send delivers
  };

  void fill_from_queue(std::size_t most);
  void fill_from_feeds();
  void fill_from(uint32_t feed, std::size_t most);
  bool fill_one(uint32_t slot);
  void add_feed_bytes(uint32_t slot, Stream& stream, Feed& feed);
  void add(uint32_t slot, Stream& stream, const Entry& entry, std::string_view bytes);
  void send_batch(Instant now);
  void settle(const Entry& entry, int result, Instant now);
  void settle_full(const Entry& entry, Stream& stream);
  void settle_short(const Entry& entry, Stream& stream, std::size_t taken);
  void tear(const Entry& entry, Stream& stream, uint32_t at);
  void block(Stream& stream, uint32_t slot);
  static void free_if_empty(Stream& stream);
  void set_behind(Stream& stream, bool behind);
  void end_rounds(Instant now);
  void begin_round(Feed& feed, Instant now);
  void see_debt(Feed& feed);
  void adapt_debt(Feed& feed, Instant now);
  void send_batches(const std::function<Instant()>& clock, Duration time_max,
                    std::size_t bytes_max);
  uint32_t note_who_is_behind(const Feed& feed);
  bool crowd_holds(uint32_t feed_id, Feed& feed, const Event& event, Instant now);
  void look_at_crowds(Instant now);
  static Feed::Pressure& pressure_of(Feed& feed);  // made if there is none
  void mark(Feed& feed, const Event& event);
  void unmark(Feed::Pressure& pressure);
  void relieve(Feed& feed);
  void forget_pressure(uint32_t feed_id, Feed& feed);

  Engine& engine_;
  StreamTable& streams_;
  FeedTable& feeds_;
  CongestionMap& congestion_;
  StreamWatcher& watcher_;
  const Limits limits_;

  std::deque<uint32_t> active_;       // feeds with a round under way
  std::vector<uint32_t> round_over_;  // feeds whose round ended in this batch
  std::deque<uint32_t> queued_;       // single streams
  std::vector<uint32_t> crowds_;      // feeds whose crowd is behind
  std::vector<Entry> entries_;        // of the batch, beside batch_
  std::vector<Send> batch_;
  uint32_t last_tick_ = 0;
  std::size_t feeds_behind_ =
      0;  // with a member that is behind: they share the total of window bytes
  FanOutCounters counters_;
};

}  // namespace fanfare
