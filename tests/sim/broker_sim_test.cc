// tests/sim/broker_sim_test.cc: a whole broker in simulated weather, from seeds: every stream sees
// exactly its events, in order, or is told of the gap.
//
// Publishers, readers that join, stall, leave and resume, one to four workers, short sends, odd
// orders. The oracle knows all that was published and what each reader was told. A failing seed is
// in the message: FANFARE_SIM_SEED runs it alone, FANFARE_SIM_SEEDS=1000 runs so many.
#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "broker/subscription.h"
#include "tests/sim/sim_broker.h"
#include "tests/sim/sim_reader.h"

namespace fanfare {
namespace {

struct Published {
  std::string topic, data;
};

// One client over all its connections: what it reads, and how far it has got.
struct Client {
  std::vector<std::string> names;
  Subscription::Ref subscription;
  std::vector<std::unique_ptr<SimReader>> readers;  // the last one is the present one
  std::string resume_from;
  std::size_t gaps = 0;

  SimReader* now() { return readers.empty() ? nullptr : readers.back().get(); }
};

struct Publisher {
  SimPeer* peer = nullptr;
  std::string answers;
  std::vector<Published> unanswered;
};

class Story {
 public:
  Story(uint64_t seed, const SimWeather& weather, unsigned workers, const Settings& settings)
      : random_(seed ^ 0x5bd1e995), broker_(seed, weather, workers, settings) {
    for (int i = 0; i < 3; ++i) {
      publishers_.emplace_back();
      publishers_.back().peer = &broker_.net.connect(SimBroker::tcp);
    }
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      act();
      for (unsigned turns = random_.below(4); turns > 0; --turns) broker_.turn();
      read_all();
    }
    settle();
    for (Client& client : clients_) check(client);
  }

  std::size_t published() const { return published_.size(); }
  std::size_t gaps() const {
    std::size_t all = 0;
    for (const Client& client : clients_) all += client.gaps;
    return all;
  }

 private:
  std::string some_topic() { return fmt::format("t/{}/{}", random_.below(3), random_.below(4)); }

  void act() {
    const uint32_t what = random_.below(100);
    if (what < 45) {
      publish();
    } else if (what < 60 && clients_.size() < 24) {
      join();
    } else if (!clients_.empty()) {
      Client& client = clients_[random_.below(static_cast<uint32_t>(clients_.size()))];
      if (what < 70) {
        leave(client);
      } else if (what < 85) {
        resume(client);
      } else if (SimReader* const reader = client.now()) {
        if (what < 92) {
          reader->peer().stop_reading();
        } else {
          reader->peer().read_on();
        }
      }
    }
  }

  void publish() {
    Publisher& publisher = publishers_[random_.below(static_cast<uint32_t>(publishers_.size()))];
    const std::size_t size = random_.chance(0.1) ? 2000 + random_.below(9000) : random_.below(60);
    const unsigned count = random_.chance(0.2) ? 1 + random_.below(20) : 1;
    std::string body;
    for (unsigned i = 0; i < count; ++i) {
      Published event{some_topic(), fmt::format("{}:{}", next_data_++, std::string(size, 'x'))};
      body += fmt::format("{{\"topic\":\"{}\",\"data\":\"{}\"}}\n", event.topic, event.data);
      publisher.unanswered.push_back(std::move(event));
    }
    publisher.peer->write(
        fmt::format("POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                    "application/x-ndjson\r\nContent-Length: {}\r\n\r\n{}",
                    body.size(), body));
  }

  void join() {
    Client client;
    switch (random_.below(4)) {
      case 0:
        client.names = {some_topic()};
        break;
      case 1:
        client.names = {some_topic(), some_topic()};
        break;
      case 2:
        client.names = {fmt::format("t/{}/*", random_.below(3))};
        break;
      default:
        client.names = {"t/**"};
        break;
    }
    const std::vector<std::string_view> views(client.names.begin(), client.names.end());
    client.subscription = *Subscription::of(views, 8);
    clients_.push_back(std::move(client));
    connect(clients_.back());
  }

  void connect(Client& client) {
    std::string target = "/events?";
    for (const std::string& name : client.names) target += "topic=" + name + "&";
    std::string head =
        fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n",
                    target.substr(0, target.size() - 1));
    if (!client.resume_from.empty()) head += "Last-Event-ID: " + client.resume_from + "\r\n";
    SimPeer& peer = broker_.net.connect(SimBroker::tcp);
    peer.set_receive_window(8192);
    peer.write(head + "\r\n");
    client.readers.push_back(
        std::make_unique<SimReader>(peer, [this] { return broker_.state->bus.tail().value; }));
  }

  void leave(Client& client) {
    SimReader* const reader = client.now();
    if (reader == nullptr) return;
    reader->read();
    if (!reader->last_id().empty()) client.resume_from = reader->last_id();
    if (random_.chance(0.5)) {
      reader->peer().close();
    } else {
      reader->peer().reset();
    }
    reader->read();
    if (!reader->last_id().empty()) client.resume_from = reader->last_id();
    done_.push_back(std::move(client.readers.back()));
    client.readers.pop_back();
    keep(client, *done_.back());
  }

  void resume(Client& client) {
    if (client.now() == nullptr) connect(client);
  }

  void read_all() {
    for (Client& client : clients_) {
      SimReader* const reader = client.now();
      if (reader == nullptr) continue;
      reader->read();
      if (reader->status() != 0) {
        EXPECT_EQ(reader->status(), 200) << reader->head();
      }
      if (!reader->ended() && !reader->peer().was_reset() && !reader->peer().was_closed()) continue;
      leave(client);  // it was closed as lagged, or the network broke: it comes back by its id
      resume(client);
    }
    for (Publisher& publisher : publishers_) {
      read_answers(publisher);
      if (publisher.peer->was_reset() || publisher.peer->was_closed()) replace(publisher);
    }
  }

  // Its connection broke: what was not answered may have been published or not.
  void replace(Publisher& publisher) {
    for (Published& event : publisher.unanswered) maybe_.emplace(event.data, event);
    publisher = Publisher{};
    publisher.peer = &broker_.net.connect(SimBroker::tcp);
  }

  void read_answers(Publisher& publisher) {
    publisher.answers += publisher.peer->take();
    while (true) {
      const std::size_t head = publisher.answers.find("\r\n\r\n");
      if (head == publisher.answers.npos) return;
      const std::size_t length_at = publisher.answers.find("Content-Length: ");
      ASSERT_LT(length_at, head) << publisher.answers;
      const std::size_t length =
          std::strtoul(publisher.answers.c_str() + length_at + 16, nullptr, 10);
      if (publisher.answers.size() < head + 4 + length) return;
      const std::string body = publisher.answers.substr(head + 4, length);
      const bool good = publisher.answers.starts_with("HTTP/1.1 200");
      EXPECT_TRUE(good) << publisher.answers;
      publisher.answers.erase(0, head + 4 + length);
      take_answer(publisher, body);
    }
  }

  void take_answer(Publisher& publisher, const std::string& body) {
    const std::size_t count = std::strtoul(body.c_str() + body.find("\"count\":") + 8, nullptr, 10);
    const std::size_t first_at = body.find("\"first\":\"") + 9;
    const uint64_t first = number_in_id(body.substr(first_at, body.find('"', first_at) - first_at));
    ASSERT_LE(count, publisher.unanswered.size());
    for (std::size_t i = 0; i < count; ++i) {
      const bool fresh = published_.emplace(first + i, publisher.unanswered[i]).second;
      EXPECT_TRUE(fresh) << "two events have the number " << first + i;
    }
    publisher.unanswered.erase(publisher.unanswered.begin(),
                               publisher.unanswered.begin() + static_cast<long>(count));
  }

  bool all_answered() {
    read_all();
    return std::all_of(publishers_.begin(), publishers_.end(),
                       [](const Publisher& p) { return p.unanswered.empty(); });
  }

  // Everybody reads on; nothing new is published; time passes until all is told.
  void settle() {
    for (Client& client : clients_) {
      resume(client);
      client.now()->peer().read_on();
    }
    EXPECT_TRUE(broker_.run_until([&] { return all_answered(); })) << "a publish was not answered";
    const Instant end = broker_.net.now() + std::chrono::seconds(20);
    broker_.net.weather().reset = 0;
    while (broker_.net.now() < end) {
      broker_.turn();
      read_all();
      for (Client& client : clients_) resume(client);
    }
    for (Client& client : clients_) {
      EXPECT_NE(client.now()->status(), 0) << "a stream did not open";
      keep(client, *client.now());
    }
  }

  // What this connection told goes to the client's own record.
  void keep(Client& client, const SimReader& reader) {
    auto& told = told_[&client - clients_.data()];
    if (reader.status() == 200) told.push_back({reader.start(), reader.told()});
  }

  // The oracle.
  void check(const Client& client) {
    const auto& connections = told_[&client - clients_.data()];
    if (connections.empty()) return;
    uint64_t position = connections.front().start;
    excused_upto_ = 0;
    for (const Connection& connection : connections) {
      for (const Told& told : connection.told) check_one(client, told, position);
    }
    SimPeer& peer = const_cast<Client&>(client).now()->peer();
    SCOPED_TRACE(fmt::format(
        "connections {}, unread by the client {}, reads {}, closed {}, reset {}, started after {}",
        connections.size(), peer.unread_by_client(), peer.is_reading(), peer.was_closed(),
        peer.was_reset(), connections.back().start));
    expect_nothing_between(client, position, ~uint64_t{0});
  }

  void check_one(const Client& client, const Told& told, uint64_t& position) {
    switch (told.what) {
      case Told::What::event: {
        if (const auto it = maybe_.find(told.data); it != maybe_.end())
          published_.emplace(told.number, it->second);
        const auto found = published_.find(told.number);
        ASSERT_NE(found, published_.end()) << "an event that was never published: " << told.number;
        EXPECT_EQ(found->second.data, told.data);
        EXPECT_TRUE(client.subscription->matches(found->second.topic)) << found->second.topic;
        EXPECT_GT(told.number, position) << "told twice or out of order";
        expect_nothing_between(client, position, told.number);
        position = told.number;
        break;
      }
      case Told::What::beacon:
        expect_nothing_between(client, position, told.number + 1);
        position = std::max(position, told.number);
        break;
      case Told::What::gap:
        const_cast<Client&>(client).gaps += 1;
        position = std::max(position, told.number);
        // What is lost may lie between events that are kept: on other topics of the same stream.
        excused_upto_ = std::max(excused_upto_, told.tail);
        break;
      case Told::What::close:
        break;
    }
  }

  void expect_nothing_between(const Client& client, uint64_t after, uint64_t before) {
    for (auto it = published_.upper_bound(after); it != published_.end() && it->first < before;
         ++it) {
      if (it->first <= excused_upto_) continue;
      EXPECT_FALSE(client.subscription->matches(it->second.topic))
          << "lost: " << it->first << " on " << it->second.topic << ", between " << after << " and "
          << before;
    }
  }

  struct Connection {
    uint64_t start;
    std::vector<Told> told;
  };

  Random random_;
  SimBroker broker_;
  std::vector<Publisher> publishers_;
  std::vector<Client> clients_;
  std::vector<std::unique_ptr<SimReader>> done_;
  std::map<std::ptrdiff_t, std::vector<Connection>> told_;
  std::map<uint64_t, Published> published_;
  std::map<std::string, Published> maybe_;  // published, or not: nobody was told
  uint64_t next_data_ = 1;
  uint64_t excused_upto_ =
      0;  // of the client that is being checked: a gap was told for something up to here
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

TEST(BrokerSim, in_calm_weather_every_stream_sees_exactly_its_events) {
  for (const uint64_t seed : seeds(6)) {
    SCOPED_TRACE(fmt::format("FANFARE_SIM_SEED={}", seed));
    Story story(seed, SimWeather{}, 1 + static_cast<unsigned>(seed % 4), patient_settings());
    story.run(300);
    EXPECT_GT(story.published(), 50u);
    EXPECT_EQ(story.gaps(), 0u) << "nothing was dropped, so nothing may be told as lost";
    if (HasFailure()) return;
  }
}

TEST(BrokerSim, in_rough_weather_every_stream_sees_exactly_its_events) {
  for (const uint64_t seed : seeds(20)) {
    SCOPED_TRACE(fmt::format("FANFARE_SIM_SEED={}", seed));
    Story story(seed, SimWeather::drawn(seed), 1 + static_cast<unsigned>(seed % 4),
                patient_settings());
    story.run(300);
    EXPECT_EQ(story.gaps(), 0u);
    if (HasFailure()) return;
  }
}

TEST(BrokerSim, on_a_breaking_network_every_stream_resumes_without_loss) {
  for (const uint64_t seed : seeds(20)) {
    SCOPED_TRACE(fmt::format("FANFARE_SIM_SEED={}", seed));
    SimWeather weather = SimWeather::drawn(seed);
    weather.reset = 0.002;
    Story story(seed, weather, 1 + static_cast<unsigned>(seed % 4), patient_settings());
    story.run(300);
    EXPECT_EQ(story.gaps(), 0u);
    if (HasFailure()) return;
  }
}

TEST(BrokerSim, with_a_short_history_what_is_lost_is_told) {
  std::size_t gaps = 0;
  for (const uint64_t seed : seeds(20)) {
    SCOPED_TRACE(fmt::format("FANFARE_SIM_SEED={}", seed));
    Settings settings = patient_settings();
    settings.topic_defaults.history_events = 5;
    settings.topic_defaults.lag = static_cast<LagPolicy>(seed % 3);
    Story story(seed, SimWeather::drawn(seed), 1 + static_cast<unsigned>(seed % 4), settings);
    story.run(400);
    gaps += story.gaps();
    if (HasFailure()) return;
  }
  if (seeds(2).size() > 1) {
    EXPECT_GT(gaps, 0u) << "the stories must reach what they are about";
  }
}

}  // namespace
}  // namespace fanfare
