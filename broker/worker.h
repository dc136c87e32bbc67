// broker/worker.h: one core's thread: turn() after turn() of its engine, connections, publisher, feeds and timers.
//
// Thread: itself; nobody else holds a Worker&, they hold its door (ServerState::doors).   Owned by: main, one for each thread.
// It is turn(), never run(), so that a whole broker also runs in one thread on a simulated engine.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker/connections.h"
#include "broker/fanout.h"
#include "broker/feed_table.h"
#include "broker/history.h"
#include "broker/publisher.h"
#include "broker/replay.h"
#include "broker/server_state.h"
#include "broker/streams.h"

namespace fanfare {

class Worker final : public StreamHost, public ConnectionHost {
 public:
  using Clock = std::function<Instant()>;  // read between batches of sends

  Worker(uint32_t index, ServerState& server, Engine& engine, std::shared_ptr<const LiveSettings> settings,
         Clock clock, uint64_t seed);
  ~Worker() override;

  // Starts accepting. The listener must outlive the worker.
  void listen(Listener& listener, DoorInfo door);

  // One turn; sleeps at most until `latest`, and only if there is nothing to do.
  void turn(Instant latest);
  // Told to stop, or drained: the thread may end.
  bool finished() const { return finished_; }

  // Part of a simulation: nothing is left to do but wait.
  bool idle() const;

 private:
  // StreamHost
  EventNumber bus_tail() const override { return server_.bus.tail(); }
  EventNumber bus_cursor() const override { return server_.bus.position(index_); }
  LagPolicy lag_policy(const Subscription& subscription) const override;
  void on_stream_closed(uint32_t slot) override;
  // ConnectionHost
  void publish(const RequestRef& from, Publication publication) override;
  void open_stream(Slot slot, OpenStream request) override;
  void send(uint32_t worker, Message message) override;
  void run_stream_command(const StreamCommand& command) override;
  void offer_slot() override;
  void list_streams(const ListStreams& list) override;

  bool must_not_sleep() const;
  Instant sleep_until(Instant latest);
  void dispatch(const Ready& ready);
  void on_closed(Slot slot);
  void read_mailbox();
  void read_bus();
  void take_event(const BusEntry& entry);
  void answer_history();
  void on_timer(uint32_t slot, Instant now);
  void drain_step();
  void export_counters();

  void on(HistoryQuestion&& m);
  void on(HistoryReply&& m);
  void on(StreamCommand&& m) { run_stream_command(m); }
  void on(RequestAnswer&& m);
  void on(KeyedPublish&& m);
  void on(PublishOutcome&& m);
  void on(Adopt&& m);
  void on(ListStreams&& m) { list_streams(m); }
  void on(StreamList&& m);
  void on(BeginDrain&& m);
  void on(Stop&& m);
  void on(UseSettings&& m);

  // Fixed after construction.
  const uint32_t index_;
  ServerState& server_;
  Engine& engine_;
  const Clock clock_;
  const Home home_;

  // Owned by the worker.
  std::shared_ptr<const LiveSettings> settings_;
  Random random_;
  StreamTable table_;
  TimerWheel wheel_;
  FeedTable feeds_;
  History history_;
  Replays replays_;
  FanOut fanout_;
  KeyTable keys_;
  Publisher publisher_;
  Streams streams_;
  Connections connections_;
  std::vector<TopicHash> released_;             // topics published in this turn: wake-ups happen once
  std::vector<HistoryQuestion> questions_;      // wait until this worker has read far enough
  std::vector<BusEntry> entries_;
  struct Ticket {
    uint64_t id;
    RequestRef from;
  };
  FlatMap<uint64_t, RequestRef> tickets_;       // publishes under way
  uint64_t next_ticket_ = 1;
  Instant next_expire_{};
  struct Drain {
    Instant began, end;
    std::size_t streams_at_start = 0;
    std::vector<uint32_t> order;                // slots still to close
  };
  std::unique_ptr<Drain> drain_;
  bool finished_ = false;
};

}  // namespace fanfare
