// tests/net/sim_engine_test.cc: the simulated engine keeps its contract in calm and in rough
// weather, repeats itself from its seed, and stops callers that break the rules.
//
// Calm tests pin down each verb; rough ones run an echo server under many seeds and demand that
// every byte comes back in order.
#include "net/sim_engine.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "net/listener.h"

namespace fanfare {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SimEngineTest : public testing::Test {
 protected:
  SimEngineTest() { engine->listen(*listener); }

  std::vector<Ready> poll() { return wait(engine->now()); }
  std::vector<Ready> wait(Instant until) {
    const auto ready = engine->wait(until, 64);
    return {ready.begin(), ready.end()};
  }
  SimPeer& accepted(Slot into) {
    SimPeer& peer = net.connect(7);
    engine->offer(into);
    const auto ready = poll();
    EXPECT_EQ(ready.size(), 1u);
    EXPECT_EQ(ready.at(0).got, Got::accepted);
    return peer;
  }
  int send(Slot to, std::string_view text) {
    Send one{.slot = to, .bytes = bytes_of(text)};
    engine->send({&one, 1});
    return one.result;
  }

  SimNet net{1};
  std::unique_ptr<Listener> listener = Listener::simulated(7);
  std::unique_ptr<SimEngine> engine = net.make_engine(8);
  const Slot slot{3, 1};
};
using SimEngineDeathTest = SimEngineTest;

TEST_F(SimEngineTest, nothing_is_accepted_before_a_slot_is_offered) {
  SimPeer& peer = net.connect(7);
  EXPECT_TRUE(poll().empty());
  EXPECT_EQ(net.waiting_connections(7), 1u);
  engine->offer(slot);
  const auto ready = poll();
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready[0].got, Got::accepted);
  EXPECT_EQ(ready[0].slot, slot);
  EXPECT_EQ(ready[0].listener, 7u);
  ASSERT_NE(ready[0].peer, nullptr);
  EXPECT_TRUE(ready[0].peer->is_loopback());
  EXPECT_TRUE(peer.was_accepted());
}

TEST_F(SimEngineTest, an_unlistened_listener_keeps_its_connections_for_the_next) {
  engine->offer(slot);
  net.connect(7);
  engine->unlisten(*listener);
  EXPECT_TRUE(poll().empty());
  EXPECT_EQ(net.waiting_connections(7), 1u);
  engine->listen(*listener);
  EXPECT_EQ(poll().size(), 1u);
}

TEST_F(SimEngineTest, bytes_come_only_when_wanted_and_once) {
  SimPeer& peer = accepted(slot);
  peer.write("hello");
  EXPECT_TRUE(poll().empty());
  engine->want_bytes(slot);
  auto ready = poll();
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready[0].got, Got::bytes);
  EXPECT_EQ(text_of(ready[0].bytes), "hello");
  peer.write("more");
  EXPECT_TRUE(poll().empty());
  EXPECT_EQ(peer.unread_by_server(), 4u);
}

TEST_F(SimEngineTest, the_end_comes_after_the_bytes) {
  SimPeer& peer = accepted(slot);
  peer.write("last");
  peer.finish();
  engine->want_bytes(slot);
  EXPECT_EQ(poll().at(0).got, Got::bytes);
  engine->want_bytes(slot);
  const auto ready = poll();
  EXPECT_EQ(ready.at(0).got, Got::end);
  EXPECT_EQ(ready.at(0).error, 0);
}

TEST_F(SimEngineTest, a_reset_is_an_end_with_an_error_and_sends_fail) {
  accepted(slot).reset();
  engine->want_bytes(slot);
  const auto ready = poll();
  EXPECT_EQ(ready.at(0).got, Got::end);
  EXPECT_EQ(ready.at(0).error, ECONNRESET);
  const int result = send(slot, "x");
  EXPECT_TRUE(result == -ECONNRESET || result == -EPIPE) << result;
}

TEST_F(SimEngineTest, a_hangup_is_told_to_who_wants_it) {
  SimPeer& peer = accepted(slot);
  engine->want_hangup(slot);
  EXPECT_TRUE(poll().empty());
  peer.close();
  EXPECT_EQ(poll().at(0).got, Got::hung_up);
  EXPECT_TRUE(poll().empty());
}

TEST_F(SimEngineTest, a_full_window_blocks_until_the_client_reads_on) {
  SimPeer& peer = accepted(slot);
  peer.set_receive_window(10);
  peer.stop_reading();
  EXPECT_EQ(send(slot, "0123456"), 7);
  EXPECT_EQ(send(slot, "789abc"), 3);
  EXPECT_EQ(send(slot, "abc"), -EAGAIN);
  engine->want_writable(slot);
  EXPECT_TRUE(poll().empty());
  EXPECT_EQ(peer.take(), "");
  peer.read_on();
  EXPECT_EQ(poll().at(0).got, Got::writable);
  EXPECT_EQ(peer.take(), "0123456789");
}

TEST_F(SimEngineTest, a_close_delivers_what_was_sent_and_frees_the_slot) {
  SimPeer& peer = accepted(slot);
  EXPECT_EQ(send(slot, "bye"), 3);
  engine->want_bytes(slot);
  engine->close(slot, CloseHow::now);
  const auto ready = wait(net.now() + seconds(1));
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready[0].got, Got::closed);
  EXPECT_EQ(peer.take(), "bye");
  EXPECT_TRUE(peer.was_closed());
  EXPECT_FALSE(peer.was_reset());
  accepted({slot.index, slot.generation + 1});
}

TEST_F(SimEngineTest, a_plain_close_with_unread_input_resets) {
  SimPeer& peer = accepted(slot);
  peer.write("too much");
  engine->close(slot, CloseHow::now);
  EXPECT_TRUE(peer.was_reset());
}

TEST_F(SimEngineTest, a_lingering_close_swallows_input_and_ends_with_the_client) {
  SimPeer& peer = accepted(slot);
  peer.write("unread");
  EXPECT_EQ(send(slot, "413"), 3);
  engine->close(slot, CloseHow::linger);
  peer.write("even more");
  EXPECT_TRUE(poll().empty());
  EXPECT_EQ(peer.take(), "413");
  EXPECT_TRUE(peer.was_closed());
  EXPECT_FALSE(peer.was_reset());
  peer.close();
  EXPECT_EQ(wait(net.now() + milliseconds(1)).at(0).got, Got::closed);
}

TEST_F(SimEngineTest, a_lingering_close_ends_by_itself_when_the_client_never_does) {
  SimPeer& peer = accepted(slot);
  engine->close(slot, CloseHow::linger);
  EXPECT_EQ(wait(net.now() + seconds(10)).at(0).got, Got::closed);
  peer.write("late");
  EXPECT_TRUE(peer.was_reset());
}

TEST_F(SimEngineTest, an_abort_is_seen_as_a_reset) {
  SimPeer& peer = accepted(slot);
  engine->close(slot, CloseHow::reset);
  EXPECT_TRUE(peer.was_reset());
}

TEST_F(SimEngineTest, a_wake_is_told_once_and_ends_a_sleep) {
  const auto waker = engine->waker();
  waker->wake();
  waker->wake();
  const Instant before = net.now();
  const auto ready = wait(net.now() + seconds(5));
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready[0].got, Got::woken);
  EXPECT_LT(net.now(), before + milliseconds(1));
  EXPECT_TRUE(poll().empty());
}

TEST_F(SimEngineTest, sleeping_moves_the_clock_to_what_happens_next) {
  SimPeer& peer = accepted(slot);
  engine->want_bytes(slot);
  const Instant soon = net.now() + seconds(2), late = net.now() + seconds(9);
  net.at(soon, [&] { peer.write("x"); });
  EXPECT_EQ(wait(late).at(0).got, Got::bytes);
  EXPECT_EQ(engine->now(), soon);
  EXPECT_TRUE(wait(late).empty());
  EXPECT_EQ(engine->now(), late);
  EXPECT_TRUE(net.idle());
}

TEST_F(SimEngineTest, the_wall_clock_may_jump_and_instants_do_not_mind) {
  poll();
  const Instant now = engine->now();
  const WallTime wall = engine->wall_now();
  net.jump_wall_clock(-std::chrono::hours(3));
  EXPECT_EQ(engine->wall_now(), wall);
  poll();
  EXPECT_LT(engine->wall_now(), wall - std::chrono::hours(2));
  EXPECT_LE(now, engine->now());
}

TEST_F(SimEngineTest, at_most_as_many_entries_as_asked_for_and_the_rest_later) {
  for (uint32_t i = 0; i < 5; ++i) {
    engine->offer({i, 1});
    net.connect(7);
  }
  EXPECT_EQ(engine->wait(engine->now(), 2).size(), 2u);
  EXPECT_EQ(engine->wait(engine->now(), 2).size(), 2u);
  EXPECT_EQ(engine->wait(engine->now(), 2).size(), 1u);
}

TEST_F(SimEngineTest, a_connection_moves_to_another_engine_with_its_bytes) {
  SimPeer& peer = accepted(slot);
  peer.write("moved");
  auto other = net.make_engine(2);
  const int descriptor = engine->release(slot);
  ASSERT_GE(descriptor, 0);
  ASSERT_TRUE(other->adopt({1, 1}, descriptor));
  other->want_bytes({1, 1});
  const auto ready = other->wait(other->now(), 4);
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(text_of(ready[0].bytes), "moved");
  accepted({slot.index, slot.generation + 1});  // free at once
}

TEST_F(SimEngineTest, a_refused_move_changes_nothing_or_closes) {
  SimPeer& peer = accepted(slot);
  net.weather().release_refused = 1;
  EXPECT_EQ(engine->release(slot), -1);
  EXPECT_EQ(send(slot, "still here"), 10);
  net.weather() = {.adopt_refused = 1};
  EXPECT_FALSE(engine->adopt({0, 1}, engine->release(slot)));
  EXPECT_TRUE(peer.was_closed());
  EXPECT_EQ(net.released_connections(), 0u);
}

TEST_F(SimEngineTest, a_connection_adopted_beyond_the_table_is_refused_and_closed) {
  SimPeer& peer = accepted(slot);
  EXPECT_FALSE(engine->adopt({engine->capacity(), 0}, engine->release(slot)));
  EXPECT_TRUE(peer.was_closed());
}

TEST_F(SimEngineTest, a_client_that_is_gone_before_it_is_accepted_is_accepted_and_ends) {
  SimPeer& peer = net.connect(7);
  peer.write("never mind");
  peer.reset();
  engine->offer(slot);
  EXPECT_EQ(poll().at(0).got, Got::accepted);
  engine->want_bytes(slot);
  auto ready = poll();
  ASSERT_EQ(ready.size(), 1u);
  if (ready[0].got == Got::bytes) {  // a kernel may still have them
    engine->want_bytes(slot);
    ready = poll();
  }
  EXPECT_EQ(ready.at(0).got, Got::end);
  EXPECT_EQ(ready.at(0).error, ECONNRESET);
}

TEST_F(SimEngineTest, a_unix_client_has_no_address_to_show) {
  sockaddr raw{};
  raw.sa_family = AF_UNIX;
  net.connect(7, SocketAddress::of(&raw, sizeof(raw.sa_family)));
  engine->offer(slot);
  EXPECT_EQ(poll().at(0).peer, nullptr);
}

TEST_F(SimEngineTest, what_goes_to_a_client_that_closed_breaks_the_connection) {
  SimPeer& peer = accepted(slot);
  peer.close();
  EXPECT_EQ(send(slot, "x"), 1);
  EXPECT_LT(send(slot, "y"), 0);
  EXPECT_EQ(peer.take(), "");
}

TEST_F(SimEngineTest, the_end_of_an_engine_closes_its_connections_and_frees_the_waiting) {
  SimPeer& peer = accepted(slot);
  net.connect(7);
  engine->offer({0, 1});
  engine.reset();
  EXPECT_TRUE(peer.was_closed());
  EXPECT_EQ(net.waiting_connections(7), 1u);
}

TEST_F(SimEngineTest, engines_share_connections_and_none_outruns_the_timer_of_another) {
  auto other = net.make_engine(64);
  other->listen(*listener);
  for (uint32_t i = 0; i < 8; ++i) engine->offer({i, 1}), other->offer({i, 1});
  for (int i = 0; i < 12; ++i) net.connect(7);
  const std::size_t mine = poll().size(), others = other->wait(other->now(), 64).size();
  EXPECT_EQ(mine + others, 12u);
  EXPECT_GE(others, 4u);

  const Instant early = net.now() + seconds(1), late = net.now() + seconds(60);
  other->wait(early, 4);
  while (other->now() < early) {
    EXPECT_LE(net.now(), early);
    engine->wait(late, 4);
    other->wait(early, 4);
  }
  EXPECT_LT(other->now(), early + milliseconds(1));
}

TEST_F(SimEngineTest, an_engine_that_nobody_waits_on_does_not_stop_the_clock) {
  auto stalled = net.make_engine(2);
  stalled->waker()->wake();
  const Instant until = net.now() + seconds(1);
  for (int i = 0; i < 20 && net.now() < until; ++i) wait(until);
  EXPECT_EQ(engine->now(), until);
}

TEST_F(SimEngineDeathTest, broken_rules_are_named_with_the_seed) {
  const auto none = Slot{5, 1};
  accepted(slot);
  EXPECT_DEATH(send(none, "x"), "generation of its present use.*slot 5.*seed 1");
  EXPECT_DEATH(send({slot.index, slot.generation + 1}, "x"), "generation of its present use");
  EXPECT_DEATH(send(slot, ""), "not empty");
  EXPECT_DEATH(send({99, 1}, "x"), "below capacity");
  EXPECT_DEATH(engine->offer(slot), "neither open nor offered");
  EXPECT_DEATH((engine->offer(none), engine->offer(none)), "neither open nor offered");
  EXPECT_DEATH((engine->want_bytes(slot), engine->want_hangup(slot)), "not wanted together");
  EXPECT_DEATH((engine->want_hangup(slot), engine->want_bytes(slot)), "not wanted together");
  EXPECT_DEATH((engine->want_writable(slot), engine->release(slot)), "nothing is wanted");
  EXPECT_DEATH((engine->close(slot, CloseHow::now), send(slot, "x")), "only open slots");
  EXPECT_DEATH((engine->release(slot), engine->offer(slot)), "generation rises");
  EXPECT_DEATH(engine->adopt(none, 12345), "comes from release");
  Send two[2];
  for (Send& one : two) one.slot = slot, one.bytes = bytes_of("x");
  EXPECT_DEATH(engine->send(two), "names a slot once");
}

}  // namespace
}  // namespace fanfare
