// tests/net/sim_net_test.cc: a simulated world in rough weather: an echo server of two engines runs
// under many seeds, and every byte comes back in order or its connection was broken.
#include "net/sim_net.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "net/listener.h"
#include "net/sim_engine.h"
#include "net/sim_peer.h"

namespace fanfare {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// An echo server, written as a worker must be: it survives every order of entries. Some of what it
// accepts it hands to its neighbour, which keeps spare slots for that.
class Echo {
 public:
  Echo(SimNet& net, Listener& listener, uint32_t slots)
      : net_(net), slots_(slots), engine_(net.make_engine(slots + spare_count)) {
    engine_->listen(listener);
    for (uint32_t i = 0; i < slots_; ++i) engine_->offer({i, 1});
    for (uint32_t i = 0; i < spare_count; ++i) spare_.push_back({slots + i, 1});
  }

  void turn(Instant until) {
    for (const Ready& ready : engine_->wait(until, 5)) {
      log += static_cast<char>('a' + static_cast<int>(ready.got));
      log += std::to_string(ready.slot.index) + ":" + std::to_string(ready.bytes.size()) + " ";
      act(ready);
    }
  }

  std::string log;
  unsigned broken = 0, moved = 0;
  Echo* neighbour = nullptr;

 private:
  static constexpr uint32_t spare_count = 2;

  void act(const Ready& ready) {
    const Slot slot = ready.slot;
    std::string& owed = owed_[slot.index];
    switch (ready.got) {
      case Got::accepted:
        if (!net_.random().chance(0.3) || !move(slot)) engine_->want_bytes(slot);
        return;
      case Got::bytes:
        owed += text_of(ready.bytes);
        return flush(slot);
      case Got::writable:
        return flush(slot);
      case Got::end:
        if (ready.error != 0) ++broken;
        owed.clear();
        return engine_->close(slot, CloseHow::now);
      case Got::closed:
        return use_again({slot.index, slot.generation + 1});
      case Got::woken:
        return adopt_waiting();
      default:
        ADD_FAILURE();
    }
  }
  bool move(Slot slot) {
    const int descriptor = engine_->release(slot);
    if (descriptor < 0) return false;
    ++moved;
    neighbour->inbox_.push_back(descriptor);
    neighbour->engine_->waker()->wake();
    use_again({slot.index, slot.generation + 1});
    return true;
  }
  void use_again(Slot slot) {
    if (slot.index < slots_) return engine_->offer(slot);
    spare_.push_back(slot);
    adopt_waiting();
  }
  void adopt_waiting() {
    while (!inbox_.empty() && !spare_.empty()) {
      const Slot slot = spare_.back();
      spare_.pop_back();
      ASSERT_TRUE(engine_->adopt(slot, inbox_.back()));
      inbox_.pop_back();
      engine_->want_bytes(slot);
    }
  }
  void flush(Slot slot) {
    std::string& owed = owed_[slot.index];
    Send send{.slot = slot, .bytes = bytes_of(owed)};
    engine_->send({&send, 1});
    if (send.result > 0) owed.erase(0, static_cast<std::size_t>(send.result));
    const bool dead = send.result < 0 && send.result != -EAGAIN;
    if (dead) owed.clear();
    if (owed.empty()) return engine_->want_bytes(slot);
    engine_->want_writable(slot);
  }

  SimNet& net_;
  const uint32_t slots_;
  std::unique_ptr<SimEngine> engine_;
  std::map<uint32_t, std::string> owed_;  // by slot index
  std::vector<Slot> spare_;
  std::vector<int> inbox_;
};

struct EchoRun {
  std::string log;
  unsigned whole = 0, broken = 0, moved = 0;
};

EchoRun run_echo(uint64_t seed, SimWeather weather) {
  constexpr unsigned clients = 12;
  weather.adopt_refused = 0;  // that would end a connection
  SimNet net(seed, weather);
  const auto listener = Listener::simulated(1);
  Echo left(net, *listener, 3), right(net, *listener, 4);
  left.neighbour = &right;
  right.neighbour = &left;
  std::vector<SimPeer*> peers;
  std::vector<std::string> texts;
  Random random(seed);
  for (unsigned i = 0; i < clients; ++i) {
    SimPeer& peer = *peers.emplace_back(&net.connect(1));
    if (random.chance(0.5)) peer.set_receive_window(1 + random.below(100));
    texts.emplace_back();
    for (unsigned n = 1 + random.below(2000); n > 0; --n)
      texts[i] += static_cast<char>('a' + n % 26);
    net.after(milliseconds(random.below(50)), [&peer, text = texts[i]] { peer.write(text); });
  }
  const auto over = [&](unsigned i) {
    return peers[i]->was_reset() || peers[i]->received() == texts[i];
  };
  EchoRun run;
  for (unsigned turns = 0; turns < 200'000; ++turns) {
    left.turn(net.now() + seconds(1));
    right.turn(net.now() + seconds(1));
    unsigned done = 0;
    for (unsigned i = 0; i < clients; ++i) {
      if (!over(i) || !peers[i]->was_accepted()) continue;
      ++done;
      peers[i]->close();
    }
    if (done == clients) break;
  }
  for (unsigned i = 0; i < clients; ++i) run.whole += peers[i]->received() == texts[i];
  for (unsigned i = 0; i < clients; ++i) EXPECT_TRUE(over(i)) << "seed " << seed << " peer " << i;
  run.log = left.log + "|" + right.log;
  run.broken = left.broken + right.broken;
  run.moved = left.moved + right.moved;
  return run;
}

TEST(SimNet, every_byte_arrives_in_order_in_any_weather) {
  unsigned moved = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    const EchoRun run = run_echo(seed, SimWeather::drawn(seed));
    EXPECT_EQ(run.whole, 12u) << "seed " << seed;
    moved += run.moved;
  }
  EXPECT_GT(moved, 150u);
  EXPECT_EQ(run_echo(1, {}).whole, 12u);
}

TEST(SimNet, a_breaking_network_is_told_and_everything_ends) {
  unsigned broken = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SimWeather weather = SimWeather::rough();
    weather.reset = 0.01;
    broken += run_echo(seed, weather).broken;
  }
  EXPECT_GT(broken, 20u);
}

TEST(SimNet, the_same_seed_is_the_same_run) {
  const EchoRun once = run_echo(42, SimWeather::rough());
  EXPECT_EQ(once.log, run_echo(42, SimWeather::rough()).log);
  EXPECT_NE(once.log, run_echo(43, SimWeather::rough()).log);
}

}  // namespace
}  // namespace fanfare
