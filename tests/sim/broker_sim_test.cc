// tests/sim/broker_sim_test.cc: a whole broker in simulated weather, from seeds: every stream sees
// exactly its events, in order, or is told of the gap.
//
// Publishers (batches, several topics, keys, lines), readers that join, stall, leave, resume and
// are written to by id, one to four workers, short sends, odd orders. The oracle (sim_clients.h,
// sim_truth.h) knows all that was published and what each reader was told. A failing seed is in the
// message: FANFARE_SIM_SEED runs it alone, FANFARE_SIM_SEEDS=1000 runs so many.
#include <cstdlib>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/sim/sim_broker.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_publishing.h"
#include "tests/sim/sim_truth.h"

namespace fanfare {
namespace {

struct Plot {
  SimWeather weather;
  Settings settings;
  uint32_t slots = 512;  // of each worker's table; a few make slots be used again and again
  std::size_t large_bytes_max = 9000;
  uint32_t clients_max = 24;
  int steps = 300;
  double clock_jumps = 0;  // of the wall clock, at each step
};

class Story {
 public:
  Story(uint64_t seed, const Plot& plot)
      : plot_(plot),
        random_(seed ^ 0x5bd1e995),
        broker_(seed, plot.weather, 1 + static_cast<unsigned>(seed % 4), plot.settings, plot.slots),
        truth_(plot.settings),
        clients_(broker_, truth_, random_),
        publishing_(broker_, truth_, random_, plot.large_bytes_max) {}

  void run() {
    live();
    settle();
    clients_.check(truth_.newest());
  }

  // The same, but it ends with a drain while events flow.
  void run_with_drain() {
    live();
    clients_.all_read_on();
    broker_.net.weather().reset = 0;
    broker_.run_until([&] { return all_answered(); });
    const uint64_t answered_before = truth_.newest();
    clients_.begin_drain();
    broker_.drain(std::chrono::seconds(5));
    for (const Instant end = broker_.net.now() + std::chrono::seconds(60);
         broker_.net.now() < end && !broker_.finished();) {
      broker_.turn();
      read_all();
    }
    broker_.net.advance(std::chrono::seconds(1));  // what is on the way arrives
    read_all();
    EXPECT_TRUE(broker_.finished()) << "the drain did not end";
    EXPECT_TRUE(clients_.all_gone());
    clients_.check(answered_before);
  }

  std::size_t published() const { return truth_.count(); }
  const SimClients& clients() const { return clients_; }
  const SimPublishing& publishing() const { return publishing_; }

 private:
  void live() {
    for (int step = 0; step < plot_.steps; ++step) {
      act();
      for (unsigned turns = random_.below(4); turns > 0; --turns) {
        if (random_.chance(0.5)) {
          broker_.turn();
        } else {
          broker_.turn_some();
        }
      }
      read_all();
    }
  }

  void act() {
    if (random_.chance(plot_.clock_jumps)) {
      broker_.net.jump_wall_clock(std::chrono::hours(static_cast<int>(random_.below(100)) - 50));
    }
    const uint32_t what = random_.below(100);
    if (what < 45) {
      publishing_.publish();
    } else if (what < 60 && clients_.count() < plot_.clients_max) {
      clients_.join();
    } else if (clients_.count() > 0) {
      clients_.act();
    }
  }

  void read_all() {
    clients_.read();
    publishing_.read();
  }
  bool all_answered() {
    read_all();
    return publishing_.all_answered() && clients_.caller_is_idle();
  }

  // Everybody reads on; nothing new is published; time passes until all is told.
  void settle() {
    broker_.net.weather().reset = 0;
    clients_.all_read_on();
    EXPECT_TRUE(broker_.run_until([&] { return all_answered(); })) << "a request was not answered";
    for (const Instant end = broker_.net.now() + std::chrono::seconds(20);
         broker_.net.now() < end;) {
      clients_.all_read_on();
      broker_.turn();
      read_all();
    }
  }

  const Plot plot_;
  Random random_;
  SimBroker broker_;
  SimTruth truth_;
  SimClients clients_;
  SimPublishing publishing_;
};

// Seeds 1 to `most`, or the one that the environment names.
std::vector<uint64_t> seeds(uint64_t most) {
  if (const char* const one = std::getenv("FANFARE_SIM_SEED"))
    return {std::strtoull(one, nullptr, 10)};
  if (const char* const more = std::getenv("FANFARE_SIM_SEEDS"))
    most = std::strtoull(more, nullptr, 10);
  std::vector<uint64_t> all;
  for (uint64_t seed = 1; seed <= most; ++seed) all.push_back(seed);
  return all;
}

Settings patient_settings() {
  Settings settings;
  settings.publish_wait = std::chrono::minutes(5);
  settings.bus_slots = 256;
  return settings;
}

// What all stories of a test have come to, so that none of them is about nothing.
struct Sum {
  std::size_t published = 0, gaps = 0, letters = 0, refused = 0, replayed = 0;
  void add(const Story& story) {
    published += story.published();
    gaps += story.clients().gaps();
    letters += story.clients().letters();
    refused += story.publishing().refused();
    replayed += story.publishing().replayed();
  }
};

enum class End : uint8_t { settled, drained };

// Tells a story from each seed until one fails.
template <class MakePlot>
Sum tell(uint64_t most, MakePlot&& make_plot, End end = End::settled) {
  Sum sum;
  for (const uint64_t seed : seeds(most)) {
    SCOPED_TRACE(fmt::format("FANFARE_SIM_SEED={}", seed));
    Story story(seed, make_plot(seed));
    if (end == End::settled) {
      story.run();
    } else {
      story.run_with_drain();
    }
    sum.add(story);
    if (testing::Test::HasFailure()) break;
  }
  return sum;
}

bool many_seeds() {
  return seeds(2).size() > 1 && !testing::Test::HasFailure();
}

TEST(BrokerSim, in_calm_weather_every_stream_sees_exactly_its_events) {
  const Sum sum = tell(12, [](uint64_t) { return Plot{{}, patient_settings()}; });
  EXPECT_EQ(sum.gaps, 0u) << "nothing was dropped, so nothing may be told as lost";
  if (!many_seeds()) return;
  EXPECT_GT(sum.published, 1000u);
  EXPECT_GT(sum.letters, 0u);
  EXPECT_GT(sum.replayed, 0u);
}

TEST(BrokerSim, in_rough_weather_every_stream_sees_exactly_its_events) {
  const Sum sum = tell(40, [](uint64_t seed) {
    return Plot{SimWeather::drawn(seed), patient_settings()};
  });
  EXPECT_EQ(sum.gaps, 0u);
}

TEST(BrokerSim, on_a_breaking_network_every_stream_resumes_without_loss) {
  const Sum sum = tell(40, [](uint64_t seed) {
    Plot plot{SimWeather::drawn(seed), patient_settings()};
    plot.weather.reset = 0.002;
    return plot;
  });
  EXPECT_EQ(sum.gaps, 0u);
}

TEST(BrokerSim, with_a_short_history_what_is_lost_is_told) {
  const Sum sum = tell(60, [](uint64_t seed) {
    Plot plot{SimWeather::drawn(seed), patient_settings()};
    plot.settings.topic_defaults.history_events = 5;
    plot.settings.topic_defaults.lag = static_cast<LagPolicy>(seed % 3);
    plot.steps = 400;
    return plot;
  });
  if (many_seeds()) {
    EXPECT_GT(sum.gaps, 0u) << "the stories must reach what they are about";
  }
}

// Replays of several pages, while what they have not reached yet is dropped.
TEST(BrokerSim, what_goes_between_two_pages_is_told) {
  const Sum sum = tell(30, [](uint64_t seed) {
    Plot plot{SimWeather::drawn(seed), patient_settings()};
    plot.settings.topic_defaults.history_bytes = 256 * 1024;
    plot.settings.topic_defaults.lag = seed % 2 == 0 ? LagPolicy::skip : LagPolicy::cut;
    plot.large_bytes_max = 90'000;
    plot.steps = 400;
    return plot;
  });
  if (many_seeds()) {
    EXPECT_GT(sum.gaps, 0u);
  }
}

TEST(BrokerSim, topics_that_are_forgotten_leave_a_gap) {
  const Sum sum = tell(20, [](uint64_t seed) {
    Plot plot{SimWeather::drawn(seed), patient_settings()};
    plot.settings.history_topics_max = 4;
    return plot;
  });
  if (many_seeds()) {
    EXPECT_GT(sum.gaps, 0u);
  }
}

// Letters to streams whose slots are used again at once.
TEST(BrokerSim, what_is_meant_for_one_stream_reaches_no_other) {
  const Sum sum = tell(30, [](uint64_t seed) {
    Plot plot{SimWeather::drawn(seed), patient_settings()};
    plot.weather.reset = 0.004;
    plot.slots = 48;
    plot.clients_max = 10;
    plot.steps = 500;
    return plot;
  });
  if (many_seeds()) {
    EXPECT_GT(sum.letters, 0u);
  }
}

TEST(BrokerSim, a_refused_publish_is_never_delivered_and_an_answered_one_always) {
  const Sum sum = tell(30, [](uint64_t seed) {
    Plot plot{SimWeather::drawn(seed), patient_settings()};
    plot.settings.publish_wait = std::chrono::microseconds(seed % 3 == 0 ? 0 : 50);
    plot.settings.bus_slots = 32;
    plot.settings.bus_bytes = 32 * 1024;
    return plot;
  });
  if (many_seeds()) {
    EXPECT_GT(sum.refused, 0u);
  }
}

TEST(BrokerSim, a_drain_brings_every_stream_to_the_tail_first) {
  tell(
      30,
      [](uint64_t seed) {
        return Plot{SimWeather::drawn(seed), patient_settings()};
      },
      End::drained);
}

TEST(BrokerSim, a_wall_clock_that_jumps_moves_nothing) {
  const Sum sum = tell(15, [](uint64_t seed) {
    Plot plot{SimWeather::drawn(seed), patient_settings()};
    plot.clock_jumps = 0.05;
    return plot;
  });
  EXPECT_EQ(sum.gaps, 0u);
}

}  // namespace
}  // namespace fanfare
