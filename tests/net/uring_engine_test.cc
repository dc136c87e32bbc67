// tests/net/uring_engine_test.cc: what only the io_uring engine can meet: connections without
// descriptors, completions that come while it waits for something else, queues that overflow,
// buffers that run out. The contract itself is tested in engine_contract_*_test.cc.
#include "net/uring_engine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/engine_choice.h"
#include "tests/net/engine_fixture.h"

namespace fanfare {
namespace {

// No descriptor can be had by this process, for as long as it lives.
class FullDescriptorTable {
 public:
  FullDescriptorTable() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &usual_), 0);
    const int lowest_free = ::dup(STDIN_FILENO);
    ::close(lowest_free);
    const rlimit full{static_cast<rlim_t>(lowest_free), usual_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
  }
  ~FullDescriptorTable() { ::setrlimit(RLIMIT_NOFILE, &usual_); }
  FullDescriptorTable(const FullDescriptorTable&) = delete;
  FullDescriptorTable& operator=(const FullDescriptorTable&) = delete;

 private:
  rlimit usual_{};
};

class UringEngine : public testing::Test {
 protected:
  void SetUp() override {
    const std::string fault = probe_uring();
    if (!fault.empty()) GTEST_SKIP() << fault;
    make(512);
  }
  void TearDown() override { engine_.reset(); }  // before the listener

  void make(uint32_t capacity) {
    auto engine = make_uring_engine(capacity);
    ASSERT_TRUE(engine) << engine.error();
    engine_ = std::move(*engine);
    listener_ = open();
  }

  static std::unique_ptr<Listener> open() {
    return std::move(Listener::open(*SocketAddress::parse("127.0.0.1:0"), 1, {})->front());
  }

  // Connections in slots 0 .. count-1 of generation 1.
  std::vector<Peer> connect(uint32_t count) {
    std::vector<Peer> peers;
    for (uint32_t i = 0; i < count; i++) {
      engine_->offer({i, 1});
      peers.emplace_back(listener_->address());
    }
    engine_->listen(*listener_);
    EXPECT_EQ(count_answers(count)[static_cast<std::size_t>(Got::accepted)], count);
    return peers;
  }

  // How often each kind came, until so many answers were told.
  std::array<std::size_t, 7> count_answers(std::size_t expected, unsigned most = 64) {
    std::array<std::size_t, 7> counts{};
    const Instant limit = monotonic_now() + patience;
    std::size_t told = 0;
    while (told < expected && monotonic_now() < limit) {
      for (const Ready& one : engine_->wait(limit, most)) {
        counts[static_cast<std::size_t>(one.got)]++;
        told++;
      }
    }
    EXPECT_EQ(told, expected);
    return counts;
  }

  std::optional<Ready> next() {
    const auto ready = engine_->wait(monotonic_now() + patience, 1);
    EXPECT_EQ(ready.size(), 1U);
    return ready.empty() ? std::nullopt : std::optional(ready[0]);
  }

  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Engine> engine_;
};

// Slots 0 .. count-1 hold sockets whose other end is closed: writable and hung up at once.
void adopt_orphans(Engine& engine, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    ::close(pair[1]);
    ASSERT_TRUE(engine.adopt({i, 1}, pair[0]));
  }
}

TEST_F(UringEngine, connections_need_no_descriptors) {
  constexpr uint32_t count = 300;
  std::vector<Peer> peers;
  for (uint32_t i = 0; i < count; i++) {
    engine_->offer({i, 1});
    peers.emplace_back(listener_->address());
  }
  const FullDescriptorTable full;
  EXPECT_EQ(::dup(STDIN_FILENO), -1);
  engine_->listen(*listener_);
  EXPECT_EQ(count_answers(count)[static_cast<std::size_t>(Got::accepted)], count);
  std::vector<Send> batch;
  for (uint32_t i = 0; i < count; i++) batch.push_back({{i, 1}, bytes_of("event")});
  engine_->send(batch);
  for (const Send& one : batch) EXPECT_EQ(one.result, 5);
  for (const Peer& peer : peers) EXPECT_EQ(peer.read_some(), "event");
}

TEST_F(UringEngine, a_lingering_close_needs_no_descriptor_either) {
  auto peers = connect(1);
  const FullDescriptorTable full;
  peers[0].send("unread");
  engine_->close({0, 1}, CloseHow::linger);
  int error = 0;
  EXPECT_EQ(peers[0].read_all(&error), "");
  EXPECT_EQ(error, 0);
  peers[0].close();
  EXPECT_EQ(next()->got, Got::closed);
}

TEST_F(UringEngine, without_descriptors_a_connection_stays_where_it_is) {
  const auto peers = connect(1);
  {
    const FullDescriptorTable full;
    EXPECT_EQ(engine_->release({0, 1}), -1);
  }
  Send one{{0, 1}, bytes_of("still here")};
  engine_->send({&one, 1});
  EXPECT_EQ(one.result, 10);
  EXPECT_EQ(peers[0].read_some(), "still here");
}

TEST_F(UringEngine, two_engines_of_a_process_hold_more_connections_than_its_descriptors) {
  auto made = make_uring_engine(400);
  ASSERT_TRUE(made) << made.error();
  std::unique_ptr<Engine> other = std::move(*made);
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit few{400, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  adopt_orphans(*engine_, 400);
  adopt_orphans(*other, 400);
  for (uint32_t i = 0; i < 400; i++) {
    engine_->want_hangup({i, 1});
    other->want_hangup({i, 1});
  }
  EXPECT_EQ(count_answers(400)[static_cast<std::size_t>(Got::hung_up)], 400U);
  engine_.swap(other);
  EXPECT_EQ(count_answers(400)[static_cast<std::size_t>(Got::hung_up)], 400U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
}

TEST_F(UringEngine, what_completes_while_sending_is_told_afterwards) {
  constexpr uint32_t count = 400;  // several batches of sends
  const auto peers = connect(count);
  for (uint32_t round = 0; round < 5; round++) {
    std::vector<Send> batch;
    for (uint32_t i = 0; i < count; i++) {
      engine_->want_writable({i, 1});
      if (round == 0) engine_->want_bytes({i, 1});
      batch.push_back({{i, 1}, bytes_of("out")});
      peers[i].send("in");
    }
    engine_->waker()->wake();
    engine_->send(batch);
    for (const Send& one : batch) ASSERT_EQ(one.result, 3);
    const std::size_t bytes = round == 0 ? count : 0;
    const auto counts = count_answers(count + bytes + 1);
    EXPECT_EQ(counts[static_cast<std::size_t>(Got::writable)], count);
    EXPECT_EQ(counts[static_cast<std::size_t>(Got::bytes)], bytes);
    EXPECT_EQ(counts[static_cast<std::size_t>(Got::woken)], 1U);
  }
}

TEST_F(UringEngine, an_overflowing_completion_queue_loses_nothing) {
  constexpr uint32_t count = 9'000;  // two answers each: more than 16,384
  make(count);
  adopt_orphans(*engine_, count);
  for (uint32_t i = 0; i < count; i++) {
    engine_->want_writable({i, 1});
    engine_->want_hangup({i, 1});
  }
  // Sending while the queue is full: its own results are not lost either.
  std::vector<Send> batch;
  for (uint32_t i = 0; i < 300; i++) batch.push_back({{i, 1}, bytes_of("x")});
  engine_->send(batch);
  for (const Send& one : batch) ASSERT_EQ(one.result, -EPIPE);
  const auto counts = count_answers(2 * count);
  EXPECT_EQ(counts[static_cast<std::size_t>(Got::writable)], count);
  EXPECT_EQ(counts[static_cast<std::size_t>(Got::hung_up)], count);
  for (uint32_t i = 0; i < count; i++) engine_->close({i, 1}, CloseHow::now);
  EXPECT_EQ(count_answers(count)[static_cast<std::size_t>(Got::closed)], count);
}

TEST_F(UringEngine, more_receives_than_buffers_are_all_answered) {
  constexpr uint32_t count = 300;
  const auto peers = connect(count);
  for (uint32_t i = 0; i < count; i++) {
    engine_->want_bytes({i, 1});
    peers[i].send("x");
  }
  // All at once asked for: what finds no buffer waits for the next turn.
  EXPECT_EQ(count_answers(count, 1000)[static_cast<std::size_t>(Got::bytes)], count);
}

TEST_F(UringEngine, a_receive_that_starves_is_closed_like_any_other) {
  constexpr uint32_t count = 200;
  const auto peers = connect(count);
  for (uint32_t i = 0; i < count; i++) {
    peers[i].send("x");
    engine_->want_bytes({i, 1});
  }
  std::vector<bool> told(count, false);
  for (const Ready& one : engine_->wait(monotonic_now() + patience, 1000)) {
    told[one.slot.index] = true;
  }
  EXPECT_LT(std::count(told.begin(), told.end(), true), count);
  for (uint32_t i = 0; i < count; i++) engine_->close({i, 1}, CloseHow::now);
  EXPECT_EQ(count_answers(count)[static_cast<std::size_t>(Got::closed)], count);
}

TEST_F(UringEngine, many_ready_sockets_come_in_one_turn) {
  constexpr uint32_t count = 256;
  const auto peers = connect(count);
  for (uint32_t i = 0; i < count; i++) engine_->want_hangup({i, 1});
  EXPECT_TRUE(engine_->wait(Instant::min(), 64).empty());
  for (const Peer& peer : peers) peer.finish_sending();
  // The kernel alone would hand over twenty.
  EXPECT_EQ(engine_->wait(Instant::min(), 64).size(), 64U);
}

TEST_F(UringEngine, made_by_one_thread_used_by_another_and_ended_by_the_first) {
  std::optional<Peer> peer;
  std::thread worker([&] {
    engine_->listen(*listener_);
    engine_->offer({3, 1});
    peer.emplace(listener_->address());
    EXPECT_EQ(next()->got, Got::accepted);
    Send one{{3, 1}, bytes_of("from the worker")};
    engine_->send({&one, 1});
  });
  worker.join();
  engine_.reset();
  int error = 0;
  EXPECT_EQ(peer->read_all(&error), "from the worker");
  EXPECT_EQ(error, 0);
}

TEST_F(UringEngine, a_wake_before_the_workers_first_verb_is_not_lost) {
  engine_->waker()->wake();
  EXPECT_EQ(next()->got, Got::woken);
}

TEST_F(UringEngine, the_last_offer_goes_to_the_listener_where_a_client_waits) {
  const auto second = open();
  const auto third = open();
  for (Listener* one : {listener_.get(), second.get(), third.get()}) engine_->listen(*one);
  uint32_t generation = 0;
  for (int round = 0; round < 20; round++) {
    for (Listener* one : {third.get(), listener_.get(), second.get()}) {
      engine_->offer({0, ++generation});
      engine_->wait(Instant::min(), 1);
      const Peer peer(one->address());
      const auto answer = next();
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->got, Got::accepted);
      EXPECT_EQ(answer->slot.generation, generation);
      engine_->close({0, generation}, CloseHow::now);
      EXPECT_EQ(next()->got, Got::closed);
    }
  }
  for (Listener* one : {listener_.get(), second.get(), third.get()}) engine_->unlisten(*one);
}

TEST_F(UringEngine, a_listener_is_let_go_by_unlisten) {
  auto second = open();
  engine_->listen(*listener_);
  engine_->listen(*second);
  engine_->offer({0, 1});  // an accept at one, a watch at the other
  engine_->wait(Instant::min(), 1);
  for (std::unique_ptr<Listener>* const one : {&listener_, &second}) {
    const SocketAddress address = (*one)->address();
    engine_->unlisten(**one);
    one->reset();
    EXPECT_TRUE(Listener::open(address, 1, {})) << address.text();
  }
}

}  // namespace
}  // namespace fanfare
