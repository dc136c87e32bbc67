// broker/worker.h: one core's thread: turn() after turn() of its engine, connections, publisher,
// feeds and timers.
//
// Thread: itself; nobody else holds a Worker&, they hold its door (ServerState::doors).   Owned by:
// main, one for each thread. It is turn(), never run(), so that a whole broker also runs in one
// thread on a simulated engine.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker/connections.h"
#include "broker/drain.h"
#include "broker/fanout.h"
#include "broker/feed_table.h"
#include "broker/history.h"
#include "broker/publisher.h"
#include "broker/replay.h"
#include "broker/routes.h"
#include "broker/server_state.h"
#include "broker/slot_pool.h"
#include "broker/streams.h"

namespace fanfare {

class Worker final : public StreamHost, public RouteHost {
 public:
  using Clock = std::function<Instant()>;  // read between batches of sends

  Worker(uint32_t index, ServerState& server, Engine& engine,
         std::shared_ptr<const LiveSettings> live, Clock clock, uint64_t seed);
  ~Worker() override;

  // Starts accepting, as `door`. The listener must outlive the worker. Its id must be the place in
  // the order of these calls.
  void listen(Listener& listener, DoorInfo door);

  // One turn; sleeps at most until `latest`, and only if there is nothing to do.
  void turn(Instant latest);
  // Told to stop, or drained: the thread may end.
  bool finished() const { return finished_; }

 private:
  // StreamHost
  EventNumber bus_tail() const override { return server_.bus.tail(); }
  EventNumber bus_cursor() const override { return read_upto_; }
  LagPolicy lag_policy(const Subscription& subscription) const override;
  Duration history_age(const Subscription& subscription) const override;
  void on_stream_closed(uint32_t slot) override;
  // RouteHost
  void publish(RequestRef from, uint64_t publisher, Publication&& publication) override;
  void send(uint32_t worker, Message message) override { server_.send(worker, std::move(message)); }
  std::optional<Fault> refuse_stream(const Exchange& exchange, const OpenStream& wanted) override;
  std::optional<std::string> feed_in_the_way(const Settings& settings,
                                             const OpenStream& wanted) const;
  void open_stream(Connection& connection, OpenStream open) override;
  Instant now() const override { return engine_.now(); }
  WallTime wall_now() const override { return engine_.wall_now(); }

  void publish_here(RequestRef from, Publication&& publication);
  bool must_not_sleep() const;
  Instant sleep_until(Instant latest) const;
  void wait(Instant latest);
  void dispatch(const Ready& ready);
  void on_accepted(const Ready& ready);
  void on_closed(Slot slot);
  bool hand_over(const Ready& ready);
  void read_mailbox();
  void wake_readers();
  void read_bus();
  void take_event(const BusEntry& entry);
  void tell_outcomes();
  void answer_history();
  void run_timers();
  void end_drain(Instant now);
  void export_counters();

  void on(HistoryQuestion&& m) { questions_.push_back(std::move(m)); }
  void on(HistoryReply&& m) { replays_.on_answer(m.page, std::move(m.answer), engine_.now()); }
  void on(StreamCommand&& m);
  void on(RequestAnswer&& m) { routes_.on_answer(m); }
  void on(KeyedPublish&& m) { publish_here(m.from, std::move(m.publication)); }
  void on(PublishOutcome&& m) { routes_.on_outcome(m.to, m.result); }
  void on(Adopt&& m);
  void on(ListQuestion&& m) { lists_.push_back(std::move(m)); }
  void on(ListReply&& m) { routes_.on_reply(std::move(m)); }
  void on(BeginDrain&& m);
  void on(Stop&&) { finished_ = true; }
  void on(UseSettings&& m);
  // Those that this worker has read far enough for.
  void answer_lists();
  void answer_list(const ListQuestion& question);
  void list_topics(const ListQuestion& question, ListReply& reply);
  void list_streams(const ListQuestion& question, ListReply& reply);
  std::string stream_row(uint32_t slot);

  // Fixed after construction.
  const uint32_t index_;
  ServerState& server_;
  Engine& engine_;
  const Clock clock_;
  const Home home_;
  WorkerDoor& door_;

  // Owned by the worker.
  std::shared_ptr<const LiveSettings> live_;
  Random random_;
  std::vector<DoorInfo> listeners_;  // by listener id
  std::vector<Listener*> sockets_;
  StreamTable table_;
  SlotPool slots_;
  TimerWheel wheel_;
  FeedTable feeds_;
  History history_;
  Replays replays_;
  FanOut fanout_;
  KeyTable keys_;
  Publisher publisher_;
  Streams streams_;
  Connections connections_;
  Routes routes_;
  Drain drain_;
  EventNumber read_upto_;                   // of the bus, and done with: feeds and history have it
  std::vector<TopicHash> released_;         // topics published in this turn: wake-ups happen once
  std::vector<HistoryQuestion> questions_;  // wait until this worker has read far enough
  std::vector<ListQuestion> lists_;         // likewise
  std::vector<BusEntry> entries_;
  // Told at one place of the turn, never from within a request; and those that are being told.
  std::vector<PublishOutcome> outcomes_, telling_;
  Instant next_expire_{};
  Instant drain_ends_{};
  bool finished_ = false;
};

}  // namespace fanfare
