// tests/broker/fanout_test.cc: who is sent what in a sweep, and what a socket that takes only a
// part leaves behind. The engine is scripted: how many bytes each slot takes is the test's to say.
#include "broker/fanout.h"

#include <cerrno>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "broker/stream_extra.h"

namespace fanfare {
namespace {

constexpr Epoch epoch{0x5f3a9c21d04be877};

class ScriptedEngine final : public Engine {
 public:
  std::span<const Ready> wait(Instant, unsigned) override { return {}; }
  void send(std::span<Send> batch) override {
    for (Send& one : batch) {
      ++tries[one.slot.index];
      std::size_t taken = one.bytes.size();
      if (const auto room = rooms.find(one.slot.index); room != rooms.end()) {
        taken = std::min(taken, room->second);
        room->second -= taken;
      }
      received[one.slot.index].append(text_of(one.bytes.first(taken)));
      one.result = taken == 0 ? -EAGAIN : static_cast<int>(taken);
    }
  }
  void listen(Listener&) override {}
  void unlisten(Listener&) override {}
  void offer(Slot) override {}
  void want_bytes(Slot) override {}
  void want_writable(Slot slot) override { ++waits_for_room[slot.index]; }
  void want_hangup(Slot) override {}
  void close(Slot, CloseHow) override {}
  std::optional<uint32_t> unacknowledged(Slot) override { return 0; }
  int release(Slot) override { return -1; }
  bool adopt(Slot, int) override { return false; }
  std::shared_ptr<Waker> waker() override { return nullptr; }
  Instant now() const override { return {}; }
  WallTime wall_now() const override { return {}; }
  uint32_t capacity() const override { return 1024; }
  const char* name() const override { return "scripted"; }

  std::map<uint32_t, std::size_t> rooms;  // absent: room without end
  std::map<uint32_t, std::string> received;
  std::map<uint32_t, int> tries, waits_for_room;
};

class Watcher final : public StreamWatcher {
 public:
  void on_behind(uint32_t slot) override { behind.push_back(slot); }
  void on_broken(uint32_t slot, int) override { broken.push_back(slot); }
  void on_finished(uint32_t slot) override { finished.push_back(slot); }
  bool cuts_laggards(const Feed&) const override { return cuts; }
  bool cuts = true;
  std::vector<uint32_t> behind, broken, finished;
};

class FanOutTest : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const uint32_t slot : open_) leave(slot);
  }
  void join(uint32_t slot, std::string_view topic = "a") {
    Stream& stream = table_[slot];
    stream.use = SlotUse::stream;
    stream.generation = 1;
    stream.next = EventNumber{number_ + 1};
    const auto feed = feeds_.open(*Subscription::of(topic), WireFormat{}, stream.next);
    fanout_.join(slot, feed);
    open_.push_back(slot);
  }
  void leave(uint32_t slot) {
    fanout_.forget(slot);
    delete table_[slot].extra;
    table_[slot] = Stream{};
  }
  // Returns the frame that every reader of the topic gets.
  std::string publish(std::string_view topic = "a", std::size_t bytes = 100) {
    const std::string data(bytes, 'x');
    EventRef event = Event::make({std::span(&topic, 1), {}, data, DataKind::text, 0});
    const_cast<Event*>(event.get())->number_it({epoch, EventNumber{++number_}}, {}, {});
    for (const uint32_t feed : feeds_.match(*event)) {
      feeds_[feed].append(epoch, *event);
      fanout_.on_append(feed, *event, now_);
    }
    return std::string(event->chunked_frame());
  }
  void run() {
    while (fanout_.has_work()) run_a_little();
  }
  // One batch of sends.
  void run_a_little() {
    fanout_.run([this] { return now_; }, Duration{}, 1);
  }
  void drain_socket(uint32_t slot) {
    engine_.rooms.erase(slot);
    table_[slot].blocked = false;
    fanout_.queue(slot);
  }

  Instant now_{std::chrono::seconds(1)};
  uint64_t number_ = 0;
  ScriptedEngine engine_;
  Watcher watcher_;
  StreamTable table_{1024};
  InterestFilter filter_;
  FeedTable feeds_{filter_};
  CongestionMap congestion_;
  FanOut fanout_{engine_, table_, feeds_, congestion_, watcher_, FanOut::Limits{}};
  std::vector<uint32_t> open_;
};

TEST_F(FanOutTest, everybody_gets_everything_in_order_while_events_come_in_the_middle_of_rounds) {
  for (uint32_t slot = 0; slot < 100; ++slot) join(slot);
  std::string all;
  for (int i = 0; i < 500; ++i) {
    all += publish();
    run_a_little();
  }
  run();
  for (uint32_t slot = 0; slot < 100; ++slot) ASSERT_EQ(engine_.received[slot], all) << slot;
  EXPECT_TRUE(watcher_.behind.empty());
}

TEST_F(FanOutTest, a_backlog_goes_out_in_one_send_to_each) {
  for (uint32_t slot = 0; slot < 10; ++slot) join(slot);
  for (int i = 0; i < 50; ++i) publish();
  run();
  for (uint32_t slot = 0; slot < 10; ++slot) EXPECT_EQ(engine_.tries[slot], 1) << slot;
}

TEST_F(FanOutTest, a_short_send_keeps_the_rest_of_the_event_that_was_cut_and_nothing_else) {
  join(0);
  std::string all;
  for (int i = 0; i < 10; ++i) all += publish();
  engine_.rooms[0] = all.size() / 2 + 7;
  run();
  const Stream& stream = table_[0];
  ASSERT_TRUE(stream.blocked);
  ASSERT_NE(stream.torn, nullptr);
  EXPECT_LT(stream.torn_end - stream.torn_offset, all.size() / 10);
  EXPECT_EQ(engine_.waits_for_room[0], 1);
  drain_socket(0);
  run();
  EXPECT_EQ(engine_.received[0], all);
}

TEST_F(FanOutTest, a_send_that_ends_between_two_events_keeps_nothing) {
  join(0);
  const std::string first = publish();
  const std::string second = publish();
  engine_.rooms[0] = first.size();
  run();
  EXPECT_EQ(table_[0].torn, nullptr);
  EXPECT_EQ(table_[0].next, EventNumber{2});
  drain_socket(0);
  run();
  EXPECT_EQ(engine_.received[0], first + second);
}

TEST_F(FanOutTest, a_large_event_may_be_cut_anywhere) {
  join(0);
  std::string all = publish("a", 100'000);
  all += publish();
  std::size_t room = 1;
  engine_.rooms[0] = room;
  run();
  while (engine_.received[0].size() < all.size()) {
    room = room * 3 + 1;
    engine_.rooms[0] = room;
    table_[0].blocked = false;
    fanout_.queue(0);
    run();
    ASSERT_TRUE(all.starts_with(engine_.received[0]));
  }
  EXPECT_EQ(engine_.received[0], all);
}

TEST_F(FanOutTest, nothing_is_tried_on_a_blocked_stream) {
  for (uint32_t slot = 0; slot < 5; ++slot) join(slot);
  engine_.rooms[3] = 0;
  for (int i = 0; i < 20; ++i) {
    publish();
    run();
  }
  EXPECT_EQ(engine_.tries[3], 1);
  EXPECT_EQ(engine_.tries[2], 20);
}

TEST_F(FanOutTest, bytes_of_its_own_do_not_cost_a_stream_its_place_in_the_feed) {
  join(0);
  table_[0].extra = new StreamExtra();
  table_[0].extra->own = "own";
  const std::string frame = publish();  // the round passes the stream while it is sent `own`
  run();
  EXPECT_EQ(engine_.received[0], "own" + frame);
  EXPECT_TRUE(watcher_.behind.empty()) << "history may be off";
}

TEST_F(FanOutTest, who_moves_to_a_place_that_the_round_has_passed_is_not_forgotten) {
  for (uint32_t slot = 0; slot < 200; ++slot) join(slot);
  const std::string first = publish();
  run_a_little();
  for (uint32_t slot = 0; slot < 100; slot += 2) {
    leave(slot);
    std::erase(open_, slot);
  }
  const std::string second = publish();
  run();
  for (const uint32_t slot : open_) ASSERT_EQ(engine_.received[slot], first + second) << slot;
  EXPECT_TRUE(watcher_.behind.empty());
}

TEST_F(FanOutTest, a_topic_is_congested_while_the_sweep_lags_and_free_as_it_goes_on) {
  for (uint32_t slot = 0; slot < 500; ++slot) join(slot);
  const uint32_t bit = CongestionMap::bit_of(topic_hash("a"));
  publish();
  run_a_little();
  while (!congestion_.is_marked(bit)) publish("a", 1000);
  EXPECT_GT(number_, 40u);
  for (int batches = 0; congestion_.is_marked(bit); ++batches) {
    ASSERT_LT(batches, 17) << "publishers must not wait for more than the round under way";
    run_a_little();
  }
  EXPECT_TRUE(fanout_.has_work());
  run();
  EXPECT_FALSE(congestion_.is_marked(bit));
}

TEST_F(FanOutTest, a_round_that_takes_too_long_lets_fewer_events_wait_for_it) {
  for (uint32_t slot = 0; slot < 500; ++slot) join(slot);
  const uint32_t bit = CongestionMap::bit_of(topic_hash("a"));
  const auto events_until_congested = [&] {
    const uint64_t before = number_;
    publish();
    run_a_little();
    while (!congestion_.is_marked(bit)) publish("a", 1000);
    return number_ - before;
  };
  const uint64_t quick = events_until_congested();
  now_ += std::chrono::seconds(1);
  run();
  now_ += std::chrono::seconds(1);
  EXPECT_LT(events_until_congested(), quick);
}

TEST_F(FanOutTest, a_small_topic_does_not_wait_for_a_huge_one) {
  for (uint32_t slot = 0; slot < 900; ++slot) join(slot, "huge");
  join(1000, "small");
  publish("huge");
  run_a_little();
  publish("small");
  run_a_little();
  run_a_little();
  EXPECT_FALSE(engine_.received[1000].empty());
  EXPECT_TRUE(fanout_.has_work());
}

// A topic with ten readers, whose sockets are full when a test says so.
class CrowdTest : public FanOutTest {
 protected:
  void SetUp() override { join_all(10); }
  void join_all(uint32_t readers) {
    for (uint32_t slot = 0; slot < readers; ++slot) join(slot);
  }
  void fill_sockets(uint32_t readers) {
    for (uint32_t slot = 0; slot < readers; ++slot) engine_.rooms[slot] = 0;
    publish();
    run();
  }
  bool publishers_wait() const {
    return congestion_.is_marked(CongestionMap::bit_of(topic_hash("a")));
  }
  // Publishes while publishers need not wait, but not for ever; returns how many events that were.
  int flood(int most = 100) {
    int events = 0;
    for (; events < most && !publishers_wait(); ++events) {
      publish("a", 1000);
      run();
    }
    return events;
  }
  // A few bytes, and full again.
  void take_a_little(uint32_t slot) {
    engine_.rooms[slot] = 10;
    table_[slot].blocked = false;
    fanout_.queue(slot);
    run();
  }
  void let_a_window_pass() {
    now_ += Crowd::window;
    run_a_little();
  }
};

TEST_F(CrowdTest, publishers_wait_for_half_of_the_readers_until_nearly_all_have_caught_up) {
  fill_sockets(5);
  EXPECT_FALSE(publishers_wait()) << "a little is let in at once";
  EXPECT_LT(flood(), 20);
  EXPECT_TRUE(publishers_wait());
  for (uint32_t slot = 0; slot < 3; ++slot) drain_socket(slot);
  run();
  EXPECT_TRUE(publishers_wait()) << "two of ten are still behind";
  drain_socket(3);
  run();
  EXPECT_FALSE(publishers_wait());
  EXPECT_EQ(fanout_.next_look(), never);
}

TEST_F(CrowdTest, nobody_waits_for_a_few) {
  fill_sockets(4);
  EXPECT_EQ(flood(), 100);
}

TEST_F(CrowdTest, fewer_than_eight_readers_are_no_crowd) {
  for (uint32_t slot = 7; slot < 10; ++slot) leave(slot);
  open_.resize(7);
  fill_sockets(7);
  EXPECT_EQ(flood(), 100);
}

TEST_F(CrowdTest, a_crowd_that_moves_is_waited_for_but_something_comes_in_each_window) {
  fill_sockets(10);
  flood();
  for (int window = 0; window < 20; ++window) {
    ASSERT_TRUE(publishers_wait());
    take_a_little(0);
    take_a_little(1);
    let_a_window_pass();
    EXPECT_FALSE(publishers_wait());
    const int events = flood();
    EXPECT_GT(events, 4);
    EXPECT_LT(events, 20);
  }
}

TEST_F(CrowdTest, one_reader_that_takes_a_little_often_does_not_move_a_crowd) {
  fill_sockets(10);
  flood();
  for (uint32_t window = 0; window < Crowd::still_windows_max; ++window) {
    for (int time = 0; time < 10; ++time) take_a_little(0);
    let_a_window_pass();
  }
  EXPECT_EQ(flood(), 100);
}

TEST_F(CrowdTest, a_crowd_of_which_fewer_than_eight_are_left_is_none) {
  fill_sockets(10);
  flood();
  for (uint32_t slot = 7; slot < 10; ++slot) leave(slot);
  open_.resize(7);
  run_a_little();
  EXPECT_FALSE(publishers_wait());
  EXPECT_EQ(fanout_.next_look(), never);
  EXPECT_EQ(flood(), 100);
}

TEST_F(CrowdTest, closing_streams_are_not_waited_for) {
  fill_sockets(10);
  flood();
  for (uint32_t slot = 0; slot < 9; ++slot) fanout_.set_closing(slot);
  run_a_little();
  EXPECT_FALSE(publishers_wait());
  EXPECT_EQ(flood(), 100);
}

TEST_F(CrowdTest, a_crowd_that_takes_nothing_is_waited_for_once) {
  fill_sockets(10);
  flood();
  EXPECT_EQ(fanout_.next_look(), now_ + Crowd::window);
  for (uint32_t window = 1; window < Crowd::still_windows_max; ++window) {
    let_a_window_pass();
    EXPECT_LT(flood(), 20);
    EXPECT_TRUE(publishers_wait());
  }
  for (int window = 0; window < 5; ++window) {
    let_a_window_pass();
    EXPECT_EQ(flood(), 100);
  }
}

TEST_F(CrowdTest, one_that_had_stalled_and_moves_again_is_waited_for) {
  fill_sockets(10);
  flood();
  for (uint32_t window = 0; window < Crowd::still_windows_max; ++window) let_a_window_pass();
  EXPECT_EQ(flood(), 100);
  take_a_little(0);
  take_a_little(1);
  let_a_window_pass();
  EXPECT_LT(flood(), 20);
}

TEST_F(CrowdTest, readers_that_may_miss_events_hold_nobody_up) {
  watcher_.cuts = false;
  fill_sockets(10);
  EXPECT_EQ(flood(), 100);
}

TEST_F(CrowdTest, nobody_waits_for_readers_that_have_gone) {
  fill_sockets(10);
  flood();
  EXPECT_TRUE(publishers_wait());
  for (uint32_t slot = 0; slot < 10; ++slot) leave(slot);
  open_.clear();
  EXPECT_FALSE(publishers_wait());
  EXPECT_EQ(fanout_.next_look(), never);
  run_a_little();
}

}  // namespace
}  // namespace fanfare
