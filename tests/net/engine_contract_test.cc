// tests/net/engine_contract_test.cc: every sentence of net/engine.h, over real sockets, on each
// engine of this machine.
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>

#include "tests/net/engine_makers.h"

namespace fanfare {
namespace {

// ---- accepting ----

TEST_P(EngineContract, has_a_name_and_the_capacity_it_was_made_with) {
  EXPECT_EQ(engine_->name(), GetParam().name);
  EXPECT_EQ(engine_->capacity(), capacity);
}

TEST_P(EngineContract, nothing_offered_nothing_accepted) {
  const Peer peer(listener_->address());
  expect_silence();
}

TEST_P(EngineContract, accepts_only_into_offered_slots) {
  const std::set<uint32_t> offered{3, 7};
  for (const uint32_t index : offered) engine_->offer({index, 1});
  const Peer first(listener_->address());
  const Peer second(listener_->address());
  const Peer third(listener_->address());
  std::set<uint32_t> used;
  for (int i = 0; i < 2; i++) {
    const Answer answer = next();
    EXPECT_EQ(answer.got, Got::accepted);
    EXPECT_EQ(answer.slot.generation, 1U);
    used.insert(answer.slot.index);
  }
  EXPECT_EQ(used, offered);
  expect_silence();
  engine_->offer({5, 9});
  expect(Got::accepted, {5, 9});
}

TEST_P(EngineContract, the_last_slot_works) {
  const Slot last{capacity - 1, 4'000'000'000U};
  engine_->offer(last);
  const Peer peer(listener_->address());
  expect(Got::accepted, last);
  engine_->want_bytes(last);
  peer.send("x");
  expect(Got::bytes, last);
}

TEST_P(EngineContract, an_accepted_connection_tells_its_peer_and_its_listener) {
  const auto other = open("127.0.0.1:0", 8);
  engine_->listen(*other);
  for (const Listener* listener : {listener_.get(), other.get()}) {
    const Slot slot = fresh_slot();
    engine_->offer(slot);
    const Peer peer(listener->address());
    const Answer answer = expect(Got::accepted, slot);
    ASSERT_TRUE(answer.has_peer);
    EXPECT_EQ(answer.peer.text(), peer.own_address().text());
    EXPECT_EQ(answer.listener, listener->id());
  }
  engine_->unlisten(*other);
}

TEST_P(EngineContract, the_peers_of_one_batch_are_told_apart) {
  std::vector<Peer> peers;
  std::set<std::string> expected;
  for (int i = 0; i < 10; i++) {
    engine_->offer(fresh_slot());
    peers.emplace_back(listener_->address());
    expected.insert(peers.back().own_address().text());
  }
  std::set<std::string> told;
  for (int i = 0; i < 10; i++) told.insert(next().peer.text());
  EXPECT_EQ(told, expected);
}

TEST_P(EngineContract, unlisten_leaves_connections_in_the_queue) {
  const Slot slot = fresh_slot();
  engine_->offer(slot);
  expect_silence();
  engine_->unlisten(*listener_);
  const Peer peer(listener_->address());
  expect_silence();
  engine_->listen(*listener_);
  expect(Got::accepted, slot);
}

TEST_P(EngineContract, what_one_engine_left_another_accepts) {
  engine_->offer(fresh_slot());
  expect_silence();
  engine_->unlisten(*listener_);
  const Peer peer(listener_->address());
  const auto other = make();
  other->listen(*listener_);
  other->offer({1, 1});
  EXPECT_EQ(next_of(*other).got, Got::accepted);
  other->unlisten(*listener_);
}

TEST_P(EngineContract, a_full_descriptor_table_is_waited_out_without_spinning) {
  const Slot slot = fresh_slot();
  engine_->offer(slot);
  const Peer peer(listener_->address());
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const int lowest_free = ::dup(STDIN_FILENO);
  ::close(lowest_free);
  const rlimit full{static_cast<rlim_t>(lowest_free), usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
  const Duration spent_before = thread_time();
  for (int i = 0; i < 5; i++) collect(*engine_, monotonic_now() + 50ms, 16);
  EXPECT_LT(thread_time() - spent_before, 100ms);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  expect(Got::accepted, slot);  // at once where connections need no descriptor
}

// ---- receiving ----

TEST_P(EngineContract, bytes_come_once_for_each_want) {
  const auto [slot, peer] = connected();
  peer.send("one");
  expect_silence();
  engine_->want_bytes(slot);
  EXPECT_EQ(expect(Got::bytes, slot).bytes, "one");
  peer.send("two");
  expect_silence();
  engine_->want_bytes(slot);
  EXPECT_EQ(expect(Got::bytes, slot).bytes, "two");
}

TEST_P(EngineContract, bytes_may_be_wanted_before_they_come) {
  const auto [slot, peer] = connected();
  for (const char* text : {"a", "b", "c", "d"}) {
    engine_->want_bytes(slot);
    collect(*engine_, Instant::min(), 16);
    peer.send(text);
    EXPECT_EQ(expect(Got::bytes, slot).bytes, text);
  }
}

TEST_P(EngineContract, a_long_message_arrives_in_pieces_and_whole) {
  const auto [slot, peer] = connected();
  const std::string sent = pattern(200'000);
  std::string received;
  std::thread writer([&peer = peer, &sent] { peer.send(sent); });
  while (received.size() < sent.size()) {
    engine_->want_bytes(slot);
    const Answer answer = expect(Got::bytes, slot);
    if (answer.bytes.empty()) break;
    received += answer.bytes;
  }
  writer.join();
  EXPECT_EQ(received, sent);
}

TEST_P(EngineContract, the_pieces_of_one_batch_stay_whole_and_are_padded) {
  constexpr std::size_t count = 16;
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < count; i++) pairs.push_back(connected());
  const auto text_for = [](Slot slot) {
    return std::string(12'000, static_cast<char>('A' + slot.index % 26));
  };
  for (const Pair& pair : pairs) {
    pair.peer.send(text_for(pair.slot));
    engine_->want_bytes(pair.slot);
  }
  std::vector<std::size_t> received(capacity, 0);
  std::size_t missing = count * 12'000;
  const Instant limit = monotonic_now() + patience;
  while (missing > 0 && monotonic_now() < limit) {
    const auto answers = engine_->wait(limit, 64);
    unsigned padding = 0;
    for (const Ready& one : answers) {
      ASSERT_EQ(one.got, Got::bytes);
      EXPECT_EQ(text_of(one.bytes), text_for(one.slot).substr(0, one.bytes.size()));
      for (std::size_t i = 0; i < 64; i++) {  // readable, whatever is there
        padding += static_cast<unsigned>(*(one.bytes.data() + one.bytes.size() + i));
      }
    }
    EXPECT_LE(padding, answers.size() * 64 * 255);
    for (const Ready& one : answers) {
      received[one.slot.index] += one.bytes.size();
      missing -= one.bytes.size();
      if (received[one.slot.index] < 12'000) engine_->want_bytes(one.slot);
    }
  }
  EXPECT_EQ(missing, 0U);
}

TEST_P(EngineContract, the_end_of_sending_is_told_after_the_last_byte) {
  const auto [slot, peer] = connected();
  peer.send("last");
  peer.finish_sending();
  engine_->want_bytes(slot);
  EXPECT_EQ(expect(Got::bytes, slot).bytes, "last");
  engine_->want_bytes(slot);
  EXPECT_EQ(expect(Got::end, slot).error, 0);
  expect_silence();
  EXPECT_EQ(send(slot, "still open this way"), 19);
}

TEST_P(EngineContract, a_reset_ends_receiving_with_its_error) {
  auto [slot, peer] = connected();
  engine_->want_bytes(slot);
  peer.reset();
  EXPECT_EQ(expect(Got::end, slot).error, ECONNRESET);
  expect_silence();
}

// ---- sending ----

TEST_P(EngineContract, sends_are_tried_in_order_and_each_has_its_result) {
  auto first = connected();
  auto second = connected();
  auto third = connected();
  stuff(second.slot);
  std::array<Send, 3> batch{{{first.slot, bytes_of("for the first")},
                             {second.slot, bytes_of("full")},
                             {third.slot, bytes_of("third")}}};
  engine_->send(batch);
  EXPECT_EQ(batch[0].result, 13);
  EXPECT_EQ(batch[1].result, -EAGAIN);
  EXPECT_EQ(batch[2].result, 5);
  for (const Slot slot : {first.slot, third.slot}) {
    engine_->close(slot, CloseHow::now);
    expect(Got::closed, slot);
  }
  int error = 0;
  EXPECT_EQ(first.peer.read_all(&error), "for the first");
  EXPECT_EQ(third.peer.read_all(&error), "third");
}

TEST_P(EngineContract, a_large_batch_is_sent_whole) {
  std::vector<Pair> pairs;
  std::vector<Send> batch;
  for (uint32_t i = 0; i < capacity; i++) pairs.push_back(connected());
  for (int round = 0; round < 20; round++) {
    batch.clear();
    for (const Pair& pair : pairs) batch.push_back({pair.slot, bytes_of("0123456789")});
    engine_->send(batch);
    for (const Send& one : batch) ASSERT_EQ(one.result, 10);
  }
  for (const Pair& pair : pairs) EXPECT_EQ(pair.peer.read_some().size(), 200U);
}

TEST_P(EngineContract, a_slow_reader_gets_every_byte_once) {
  const auto [slot, peer] = connected();
  const std::string sent = pattern(3'000'000);
  std::string received;
  std::size_t taken = 0;
  unsigned short_sends = 0;
  unsigned waits = 0;
  while (taken < sent.size()) {
    const std::string_view rest = std::string_view(sent).substr(taken);
    const int result = send(slot, rest);
    if (result == -EAGAIN) {
      waits++;
      engine_->want_writable(slot);
      const Instant limit = monotonic_now() + patience;
      while (waiting_.empty() && monotonic_now() < limit) {
        received += peer.read_some();
        collect(*engine_, monotonic_now() + 1ms, 16);
      }
      expect(Got::writable, slot);
      continue;
    }
    ASSERT_GT(result, 0);
    if (static_cast<std::size_t>(result) < rest.size()) short_sends++;
    taken += static_cast<std::size_t>(result);
  }
  EXPECT_GT(short_sends, 0U);
  EXPECT_GT(waits, 0U);
  engine_->close(slot, CloseHow::now);
  expect(Got::closed, slot);
  int error = 0;
  received += peer.read_all(&error);
  EXPECT_EQ(error, 0);
  EXPECT_TRUE(received == sent);
}

TEST_P(EngineContract, tells_how_much_its_peer_has_not_acknowledged) {
  const auto [slot, peer] = connected();
  if (!engine_->unacknowledged(slot)) GTEST_SKIP() << "this kernel cannot tell";
  EXPECT_EQ(engine_->unacknowledged(slot), 0U);
  stuff(slot);
  EXPECT_GT(engine_->unacknowledged(slot), 0U);
  const Instant limit = monotonic_now() + patience;
  while (engine_->unacknowledged(slot) != 0U && monotonic_now() < limit) peer.read_some();
  EXPECT_EQ(engine_->unacknowledged(slot), 0U);
}

TEST_P(EngineContract, writable_comes_once_and_only_when_there_is_room) {
  const auto [slot, peer] = connected();
  engine_->want_writable(slot);
  expect(Got::writable, slot);
  expect_silence();
  const std::size_t taken = stuff(slot);
  expect_silence();
  unstuff(peer, taken);
  expect(Got::writable, slot);
  expect_silence();
}

TEST_P(EngineContract, bytes_and_writable_can_be_wanted_together) {
  const auto [slot, peer] = connected();
  const std::size_t taken = stuff(slot);
  engine_->want_bytes(slot);
  peer.send("while you wait");
  EXPECT_EQ(expect(Got::bytes, slot).bytes, "while you wait");
  peer.send("unwanted");
  expect_silence();
  unstuff(peer, taken);
  expect(Got::writable, slot);
  engine_->want_bytes(slot);
  EXPECT_EQ(expect(Got::bytes, slot).bytes, "unwanted");
}

TEST_P(EngineContract, a_broken_pipe_is_a_result_and_not_a_signal) {
  std::signal(SIGPIPE, SIG_DFL);
  auto [slot, peer] = connected();
  engine_->want_hangup(slot);
  peer.reset();
  expect(Got::hung_up, slot);
  for (int i = 0; i < 2; i++) {
    const int result = send(slot, "to nobody");
    EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET) << result;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineContract, testing::ValuesIn(engine_makers()),
                         [](const auto& suite) { return suite.param.name; });

}  // namespace
}  // namespace fanfare
