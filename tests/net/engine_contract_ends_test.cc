// tests/net/engine_contract_ends_test.cc: the engines' contract, continued: hang-ups, closing,
// waiting, waking, moving.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "tests/net/engine_fixture.h"

namespace fanfare {
namespace {

// ---- hang-ups ----

TEST_P(EngineContract, a_hang_up_is_told_once) {
  auto [slot, peer] = connected();
  engine_->want_hangup(slot);
  expect_silence();
  peer.close();
  EXPECT_EQ(expect(Got::hung_up, slot).error, 0);
  expect_silence();
}

TEST_P(EngineContract, a_reset_is_a_hang_up_with_an_error) {
  auto [slot, peer] = connected();
  engine_->want_hangup(slot);
  expect_silence();
  peer.reset();
  const int error = expect(Got::hung_up, slot).error;
  EXPECT_TRUE(error == ECONNRESET || error == 0) << error;
  expect_silence();
}

TEST_P(EngineContract, a_peer_that_only_finished_sending_is_a_hang_up_too) {
  const auto [slot, peer] = connected();
  engine_->want_hangup(slot);
  peer.finish_sending();
  EXPECT_EQ(expect(Got::hung_up, slot).error, 0);
  EXPECT_EQ(send(slot, "heard"), 5);
  engine_->close(slot, CloseHow::now);
  expect(Got::closed, slot);
  int error = 0;
  EXPECT_EQ(peer.read_all(&error), "heard");
}

TEST_P(EngineContract, a_hang_up_that_came_before_it_was_wanted_is_told) {
  auto [slot, peer] = connected();
  peer.close();
  expect_silence();
  engine_->want_hangup(slot);
  expect(Got::hung_up, slot);
}

TEST_P(EngineContract, a_request_that_becomes_a_stream_ignores_what_its_client_sends) {
  auto [slot, peer] = connected();
  engine_->want_bytes(slot);
  peer.send("GET");
  expect(Got::bytes, slot);
  engine_->want_hangup(slot);
  peer.send("chatter");
  expect_silence();
  peer.send("more chatter");
  expect_silence();
  peer.close();
  expect(Got::hung_up, slot);
  expect_silence();
}

TEST_P(EngineContract, hang_up_and_writable_are_watched_together) {
  auto [slot, peer] = connected();
  engine_->want_hangup(slot);
  for (int round = 0; round < 3; round++) {
    const std::size_t taken = stuff(slot);
    expect_silence();
    unstuff(peer, taken);
    expect(Got::writable, slot);
    expect_silence();
  }
  stuff(slot);
  expect_silence();
  peer.reset();
  std::multiset<int> told;
  for (int i = 0; i < 2; i++) told.insert(static_cast<int>(next().got));
  EXPECT_EQ(told,
            (std::multiset<int>{static_cast<int>(Got::writable), static_cast<int>(Got::hung_up)}));
  expect_silence();
}

// ---- closing ----

TEST_P(EngineContract, closing_now_delivers_what_the_kernel_has_taken) {
  const auto [slot, peer] = connected();
  const std::string sent = pattern(10'000);
  ASSERT_EQ(send(slot, sent), 10'000);
  engine_->close(slot, CloseHow::now);
  expect(Got::closed, slot);
  int error = 0;
  EXPECT_EQ(peer.read_all(&error), sent);
  EXPECT_EQ(error, 0);
}

TEST_P(EngineContract, a_reset_is_what_the_peer_sees) {
  const auto [slot, peer] = connected();
  engine_->close(slot, CloseHow::reset);
  expect(Got::closed, slot);
  int error = 0;
  peer.read_all(&error);
  EXPECT_EQ(error, ECONNRESET);
}

TEST_P(EngineContract, nothing_but_closed_comes_after_a_close) {
  for (const CloseHow how : {CloseHow::now, CloseHow::reset}) {
    auto [slot, peer] = connected();
    engine_->want_bytes(slot);
    engine_->want_writable(slot);
    collect(*engine_, Instant::min(), 1);
    waiting_.clear();
    peer.send("too late");
    engine_->close(slot, how);
    expect(Got::closed, slot);
    expect_silence();
  }
}

TEST_P(EngineContract, a_close_with_a_hang_up_wanted_is_answered_once) {
  const auto [slot, peer] = connected();
  engine_->want_hangup(slot);
  expect_silence();
  engine_->close(slot, CloseHow::now);
  expect(Got::closed, slot);
  expect_silence();
  int error = 0;
  EXPECT_EQ(peer.read_all(&error), "");
}

TEST_P(EngineContract, an_answer_that_waited_for_room_dies_with_its_connection) {
  auto first = connected();
  auto second = connected();
  for (const Pair* pair : {&first, &second}) {
    engine_->want_writable(pair->slot);
  }
  const Answer told = next_of(*engine_, 1);
  const Slot other = told.slot == first.slot ? second.slot : first.slot;
  engine_->close(other, CloseHow::now);
  expect(Got::closed, other);
  expect_silence();
}

TEST_P(EngineContract, a_lingering_close_lets_the_answer_through_to_a_peer_that_still_sends) {
  auto [slot, peer] = connected();
  peer.send(pattern(100'000));
  ASSERT_EQ(send(slot, "413"), 3);
  engine_->close(slot, CloseHow::linger);
  std::thread client([&peer = peer] {
    for (int i = 0; i < 10; i++) peer.send(pattern(20'000));
    int error = 0;
    EXPECT_EQ(peer.read_all(&error), "413");
    EXPECT_EQ(error, 0);
    peer.close();
  });
  expect(Got::closed, slot);
  client.join();
  expect_silence();
}

TEST_P(EngineContract, a_lingering_close_ends_when_the_peer_does) {
  auto [slot, peer] = connected();
  engine_->close(slot, CloseHow::linger);
  const Instant began = monotonic_now();
  int error = 0;
  collect(*engine_, Instant::min(), 16);
  EXPECT_EQ(peer.read_all(&error), "");
  peer.close();
  expect(Got::closed, slot);
  EXPECT_LT(monotonic_now() - began, 1500ms);
}

TEST_P(EngineContract, a_lingering_close_is_bounded_in_time) {
  const auto [slot, peer] = connected();
  const Instant began = monotonic_now();
  engine_->close(slot, CloseHow::linger);
  expect(Got::closed, slot);
  EXPECT_GE(monotonic_now() - began, 1s);
  EXPECT_LT(monotonic_now() - began, 5s);
}

TEST_P(EngineContract, a_lingering_close_is_bounded_in_bytes) {
  const auto [slot, peer] = connected();
  engine_->close(slot, CloseHow::linger);
  const std::string chunk = pattern(64'000);
  const Instant began = monotonic_now();
  std::size_t sent = 0;
  while (waiting_.empty() && monotonic_now() < began + patience) {
    sent += peer.send_some(chunk);
    collect(*engine_, Instant::min(), 16);
  }
  expect(Got::closed, slot);
  EXPECT_GE(sent, 1_MiB);
  EXPECT_LT(monotonic_now() - began, 1900ms);
}

TEST_P(EngineContract, a_slot_is_used_again_under_another_generation) {
  for (uint32_t generation = 1; generation <= 50; generation++) {
    const Slot slot{2, generation};
    engine_->offer(slot);
    Peer peer(listener_->address());
    expect(Got::accepted, slot);
    engine_->want_bytes(slot);
    const std::string text = std::to_string(generation);
    peer.send(text);
    EXPECT_EQ(expect(Got::bytes, slot).bytes, text);
    if (generation % 2 == 0) engine_->want_bytes(slot);
    if (generation % 3 == 0) engine_->want_writable(slot);
    engine_->close(slot, generation % 5 == 0 ? CloseHow::reset : CloseHow::now);
    expect(Got::closed, slot);
  }
}

// ---- waiting ----

TEST_P(EngineContract, a_wait_returns_no_more_than_asked_and_the_rest_later) {
  std::vector<Pair> pairs;
  for (int i = 0; i < 9; i++) pairs.push_back(connected());
  for (const Pair& pair : pairs) {
    pair.peer.send("x");
    engine_->want_bytes(pair.slot);
    engine_->want_writable(pair.slot);
  }
  std::multiset<uint32_t> bytes;
  std::multiset<uint32_t> writable;
  for (int i = 0; i < 18; i++) {
    const Answer answer = next_of(*engine_, 2);
    (answer.got == Got::bytes ? bytes : writable).insert(answer.slot.index);
  }
  EXPECT_EQ(bytes.size(), 9U);
  EXPECT_EQ(writable.size(), 9U);
  EXPECT_EQ(std::set<uint32_t>(bytes.begin(), bytes.end()).size(), 9U);
  EXPECT_EQ(std::set<uint32_t>(writable.begin(), writable.end()).size(), 9U);
  expect_silence();
}

TEST_P(EngineContract, a_wait_ends_at_its_time) {
  const Instant until = monotonic_now() + 30ms;
  EXPECT_TRUE(engine_->wait(until, 16).empty());
  EXPECT_GE(monotonic_now(), until);
  EXPECT_GE(engine_->now(), until);
  EXPECT_LT(monotonic_now(), until + 2s);
  EXPECT_LT(wall_now() - engine_->wall_now(), 2s);
}

TEST_P(EngineContract, a_wait_until_the_past_polls) {
  const auto [slot, peer] = connected();
  const Instant began = monotonic_now();
  EXPECT_TRUE(engine_->wait(Instant::min(), 16).empty());
  EXPECT_TRUE(engine_->wait(began - 1h, 16).empty());
  EXPECT_LT(monotonic_now() - began, 1s);
  EXPECT_GE(engine_->now(), began);
  engine_->want_writable(slot);
  const auto answers = engine_->wait(Instant::min(), 16);
  EXPECT_EQ(answers.size(), 1U);
}

TEST_P(EngineContract, an_answer_ends_a_wait_for_ever) {
  const auto [slot, peer] = connected();
  engine_->want_bytes(slot);
  std::thread late([&peer = peer] {
    std::this_thread::sleep_for(20ms);
    peer.send("at last");
  });
  const auto answers = engine_->wait(never, 16);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(text_of(answers[0].bytes), "at last");
  late.join();
}

TEST_P(EngineContract, a_wake_before_the_wait_is_not_lost) {
  const auto waker = engine_->waker();
  std::thread other([&waker] {
    waker->wake();
    waker->wake();
  });
  other.join();
  EXPECT_EQ(next().got, Got::woken);
  while (!waiting_.empty()) waiting_.pop_front();
  expect_silence();
}

TEST_P(EngineContract, a_wake_during_the_wait_ends_it) {
  const auto waker = engine_->waker();
  for (int i = 0; i < 20; i++) {
    std::thread other([&waker, i] {
      if (i % 2 == 0) std::this_thread::sleep_for(2ms);
      waker->wake();
    });
    const auto answers = engine_->wait(never, 16);
    ASSERT_GE(answers.size(), 1U);
    EXPECT_EQ(answers[0].got, Got::woken);
    other.join();
  }
}

TEST_P(EngineContract, no_wake_is_lost_among_many) {
  const auto waker = engine_->waker();
  std::atomic<int> asked{0};
  std::thread other([&] {
    for (int i = 0; i < 2000; i++) {
      asked.fetch_add(1);
      waker->wake();
    }
  });
  int seen = 0;
  while (seen < 2000) {
    const auto answers = engine_->wait(monotonic_now() + patience, 16);
    ASSERT_FALSE(answers.empty()) << "after " << seen;
    seen = asked.load();
  }
  other.join();
}

// ---- moving ----

TEST_P(EngineContract, a_connection_moves_to_another_engine) {
  auto [slot, peer] = connected();
  engine_->want_bytes(slot);
  peer.send("to the first");
  expect(Got::bytes, slot);
  peer.send("to the second");
  const int descriptor = engine_->release(slot);
  if (descriptor < 0) GTEST_SKIP() << "this kernel cannot";
  expect_silence();
  const auto other = make();
  const Slot there{9, 3};
  ASSERT_TRUE(other->adopt(there, descriptor));
  other->want_bytes(there);
  const Answer answer = next_of(*other);
  EXPECT_EQ(answer.got, Got::bytes);
  EXPECT_EQ(answer.slot, there);
  EXPECT_EQ(answer.bytes, "to the second");
  Send one{there, bytes_of("from the second")};
  other->send({&one, 1});
  EXPECT_EQ(one.result, 15);
  other->close(there, CloseHow::now);
  EXPECT_EQ(next_of(*other).got, Got::closed);
  int error = 0;
  EXPECT_EQ(peer.read_all(&error), "from the second");
  EXPECT_EQ(error, 0);
}

TEST_P(EngineContract, a_released_slot_is_free_at_once) {
  auto [slot, peer] = connected();
  const int descriptor = engine_->release(slot);
  if (descriptor < 0) GTEST_SKIP() << "this kernel cannot";
  const Slot next_use{slot.index, slot.generation + 1};
  engine_->offer(next_use);
  const Peer another(listener_->address());
  expect(Got::accepted, next_use);
  ::close(descriptor);
}

TEST_P(EngineContract, an_engine_that_dies_closes_its_connections) {
  const auto [slot, peer] = connected();
  engine_->want_bytes(slot);
  collect(*engine_, Instant::min(), 16);
  engine_.reset();
  int error = 0;
  EXPECT_EQ(peer.read_all(&error), "");
}

// ---- Unix sockets ----

TEST_P(EngineContract, a_unix_socket_is_served_like_any_other) {
  std::array<char, 32> directory{"/tmp/fanfare-test-XXXXXX"};
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const auto listener = open("unix:" + std::string(directory.data()) + "/socket", 4);
  engine_->listen(*listener);
  const auto other = make();
  other->listen(*listener);  // every worker accepts from it
  for (Engine* engine : {engine_.get(), other.get()}) {
    const Slot slot = fresh_slot();
    engine->offer(slot);
    Peer peer(listener->address());
    const Answer accepted = next_of(*engine);
    EXPECT_EQ(accepted.got, Got::accepted);
    EXPECT_EQ(accepted.listener, 4U);
    ASSERT_TRUE(accepted.has_peer);
    EXPECT_TRUE(accepted.peer.is_unix());
    EXPECT_EQ(accepted.peer.path(), "");
    engine->want_bytes(slot);
    peer.send("{}");
    EXPECT_EQ(next_of(*engine).bytes, "{}");
    Send one{slot, bytes_of("ok")};
    engine->send({&one, 1});
    EXPECT_EQ(one.result, 2);
    EXPECT_EQ(peer.read_some(), "ok");
    engine->want_hangup(slot);
    peer.close();
    EXPECT_EQ(next_of(*engine).got, Got::hung_up);
    Send lost{slot, bytes_of("lost")};
    engine->send({&lost, 1});
    EXPECT_EQ(lost.result, -EPIPE);
    engine->close(slot, CloseHow::now);
    EXPECT_EQ(next_of(*engine).got, Got::closed);
  }
  engine_->unlisten(*listener);
  other->unlisten(*listener);
  std::filesystem::remove_all(directory.data());
}

}  // namespace
}  // namespace fanfare
