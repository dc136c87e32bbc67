// tests/sim/sim_clients.h: the readers of a simulated story: they join, stall, leave and resume,
// are kicked, and are written to by their stream's id; and the oracle over what each was told.
//
// Owned by the story.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/sim/sim_caller.h"
#include "tests/sim/sim_publishing.h"
#include "tests/sim/sim_reader.h"
#include "tests/sim/sim_truth.h"

namespace fanfare {

class SimClients {
 public:
  SimClients(SimBroker& broker, SimTruth& truth, Random& random)
      : broker_(broker),
        truth_(truth),
        random_(random),
        caller_(broker, SimBroker::tcp, SimCaller::Speaks::http) {}

  std::size_t count() const { return clients_.size(); }
  std::size_t gaps() const { return gaps_; }
  std::size_t letters() const { return letters_taken_; }

  void join() {
    clients_.emplace_back();
    Client& client = clients_.back();
    client.names = some_names();
    const std::vector<std::string_view> views(client.names.begin(), client.names.end());
    client.subscription = *Subscription::of(views, 8);
    const uint32_t start = random_.below(10);
    if (start < 3) {
      client.start = "&since=earliest";
      client.from_the_beginning = true;
    }
    if (start == 3) client.start = fmt::format("&last={}", client.newest = 1 + random_.below(6));
    if (start == 4) return join_by_head(client);
    connect(client);
  }

  // One of those that are there does something that readers do, or has it done to it.
  void act() {
    Client& client = clients_[random_.below(static_cast<uint32_t>(clients_.size()))];
    const uint32_t what = random_.below(100);
    if (what < 25) {
      leave(client);
    } else if (what < 50) {
      come_back(client);
    } else if (what < 65) {
      if (client.reader) client.reader->peer().stop_reading();
    } else if (what < 75) {
      if (client.reader) client.reader->peer().read_on();
    } else if (what < 95) {
      write_letter(client);
    } else if (client.reader && !client.reader->field("Fanfare-Stream").empty()) {
      kick(client.reader->field("Fanfare-Stream"));
    }
  }

  void read() {
    caller_.read();
    for (Client& client : clients_) {
      if (!client.reader) continue;
      SimReader& reader = *client.reader;
      reader.read();
      if (reader.status() == 503) {  // draining, or its table is full: it comes again
        put_away(client);
        continue;
      }
      if (reader.status() != 0) {
        EXPECT_EQ(reader.status(), 200) << reader.head();
      }
      if (!reader.ended() && !reader.peer().was_reset() && !reader.peer().was_closed()) continue;
      put_away(client);  // closed by the broker, or the network broke: it comes back by its id
      if (!draining_) come_back(client);
    }
  }

  void all_read_on() {
    for (Client& client : clients_) {
      come_back(client);
      if (client.reader) client.reader->peer().read_on();
    }
  }
  bool caller_is_idle() const { return caller_.is_idle(); }
  void begin_drain() { draining_ = true; }
  bool all_gone() const {
    for (const Client& client : clients_) {
      // One that came too late was never answered.
      if (client.reader && client.reader->status() == 200) return false;
    }
    return true;
  }

  // The oracle. `upto`: what is numbered up to here must have been told.
  void check(uint64_t upto) {
    for (Client& client : clients_) {
      if (client.reader) {
        EXPECT_TRUE(draining_ || client.reader->status() == 200) << "a stream did not open";
        keep(client);
      }
      check(client, upto);
      check_letters(client);
    }
  }

 private:
  struct Connection {
    std::string stream;
    uint64_t start = 0;
    bool stayed = false;  // it was open to the end
    std::vector<Told> told;
  };
  // One client over all its connections.
  struct Client {
    std::vector<std::string> names;
    Subscription::Ref subscription;
    std::string start;  // of the query, for a first connection
    bool from_the_beginning = false;
    uint32_t newest = 0;
    uint64_t tail_at_connect = 0;
    std::optional<uint64_t> asked_by_head;  // the position that a HEAD gave it
    std::string resume_from;
    std::unique_ptr<SimReader> reader;
    std::vector<Connection> connections;
  };

  std::vector<std::string> some_names() {
    const auto topic = [this] { return SimPublishing::some_topic(random_); };
    switch (random_.below(5)) {
      case 0:
        return {topic()};
      case 1:
        return {topic(), topic()};
      case 2:
        return {fmt::format("t/{}/*", random_.below(3))};
      case 3:
        return {topic(), fmt::format("t/*/{}", random_.below(4))};
      default:
        return {"t/**"};
    }
  }

  static std::string target_of(const Client& client) {
    std::string target = "/events?";
    for (const std::string& name : client.names) target += "topic=" + name + "&";
    target.pop_back();
    return target;
  }

  void connect(Client& client) {
    const bool first = client.resume_from.empty();
    std::string head = fmt::format(
        "GET {}{} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream, */*;q=0.1\r\n",
        target_of(client), first ? client.start : "");
    if (!first) head += "Last-Event-ID: " + client.resume_from + "\r\n";
    SimPeer& peer = broker_.net.connect(SimBroker::tcp);
    peer.set_receive_window(8192);
    peer.write(head + "\r\n");
    if (first && client.connections.empty()) client.tail_at_connect = tail();
    client.reader = std::make_unique<SimReader>(peer, [this] { return tail(); });
  }
  uint64_t tail() const { return broker_.state->bus.tail().value; }

  // Looks where the topic is, and reads on from there.
  void join_by_head(Client& client) {
    const std::size_t place = clients_.size() - 1;
    uint64_t answered = 0;
    truth_.for_each_between(0, ~uint64_t{0}, [&](uint64_t number, const Published& event) {
      if (SimTruth::wants(*client.subscription, event)) answered = number;
    });
    caller_.call("HEAD " + target_of(client) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 [this, place, answered](const SimAnswer& answer) {
                   Client& self = clients_[place];
                   if (answer.status == 0) return connect(self);
                   EXPECT_EQ(answer.status, 200);
                   self.resume_from = answer.field("Fanfare-Last-Event-ID");
                   self.asked_by_head = number_in_id(self.resume_from);
                   EXPECT_GE(*self.asked_by_head, answered);
                   connect(self);
                 });
  }

  void come_back(Client& client) {
    if (client.reader == nullptr && (!client.connections.empty() || !client.resume_from.empty()))
      connect(client);
  }

  void leave(Client& client) {
    if (!client.reader) return;
    client.reader->read();
    if (random_.chance(0.5)) {
      client.reader->peer().close();
    } else {
      client.reader->peer().reset();
    }
    put_away(client);
  }

  void put_away(Client& client) {
    client.reader->read();
    if (!client.reader->last_id().empty()) client.resume_from = client.reader->last_id();
    keep(client);
    if (!client.connections.empty()) client.connections.back().stayed = false;
    client.reader.reset();
  }

  void keep(Client& client) {
    SimReader& reader = *client.reader;
    Connection kept;
    if (reader.status() == 200) {
      kept = {reader.field("Fanfare-Stream"), reader.start(), true, reader.told()};
    } else if (!client.connections.empty() || !client.resume_from.empty()) {
      return;
    }
    client.connections.push_back(std::move(kept));
  }

  void write_letter(const Client& client) {
    std::string to;
    if (client.reader && random_.chance(0.8)) to = client.reader->field("Fanfare-Stream");
    if (to.empty() && !client.connections.empty()) to = client.connections.back().stream;  // gone
    if (to.empty()) return;
    const std::string data = fmt::format("to {} number {}", to, ++letters_);
    caller_.call(
        fmt::format("POST /streams/{} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
                    to, data.size(), data),
        [this, data](const SimAnswer& answer) {
          const int status = answer.status;
          EXPECT_TRUE(status == 0 || status == 202 || status == 404 || status == 503)
              << answer.body;
          if (status == 202) taken_letters_.insert(data);
          if (status == 404 || status == 503) refused_letters_.insert(data);
        });
  }

  void kick(const std::string& stream) {
    caller_.call("DELETE /streams/" + stream + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 [](const SimAnswer& answer) {
                   const int status = answer.status;
                   EXPECT_TRUE(status == 0 || status == 204 || status == 404) << answer.body;
                 });
  }

  void check(const Client& client, uint64_t upto) {
    excused_upto_ = 0;
    bool known = false;
    uint64_t position = 0;
    for (const Connection& connection : client.connections) {
      if (connection.stream.empty()) continue;
      if (!known) {
        known = true;
        position = client.asked_by_head.value_or(connection.start);
        if (client.from_the_beginning) {
          position = 0;
          // What was dropped before it came is no gap.
          excused_upto_ = connection.told.empty() ? tail() : connection.told.front().tail;
        }
        if (client.newest > 0) position = begin_of_newest(client, connection);
      }
      for (const Told& told : connection.told) check_one(client, told, position);
    }
    // One that was kicked or refused while the broker drains comes back to its next life.
    if (!known || (draining_ && !was_drained(client))) return;
    expect_nothing_between(client, position, upto + 1);
  }

  static bool was_drained(const Client& client) {
    const std::vector<Told>& told = client.connections.back().told;
    return !told.empty() && told.back().what == Told::What::close &&
           told.back().data.find("\"drain\"") != std::string::npos;
  }

  // Where a stream that asked for the newest N begins: each topic has its newest N, at least of
  // what was there when it asked; from there on nothing may be missing.
  uint64_t begin_of_newest(const Client& client, const Connection& connection) {
    excused_upto_ = std::max(client.tail_at_connect, connection.start);
    for (const Told& told : connection.told) {
      if (told.what == Told::What::beacon) continue;  // the head block
      excused_upto_ = std::max(excused_upto_, told.tail);
      break;
    }
    return connection.start;
  }

  void check_one(const Client& client, const Told& told, uint64_t& position) {
    switch (told.what) {
      case Told::What::event: {
        const Published* const event = truth_.told(told.number, told.data);
        ASSERT_NE(event, nullptr) << "an event that was never published: " << told.number;
        EXPECT_EQ(event->data, told.data);
        EXPECT_TRUE(SimTruth::wants(*client.subscription, *event)) << event->topics[0];
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
        ++gaps_;
        EXPECT_TRUE(!truth_.knows_what_is_dropped() ||
                    truth_.first_dropped(*client.subscription, position, told.tail) != 0)
            << "a gap after " << position << ", but nothing can have been dropped: " << told.data
            << describe(client);
        EXPECT_GE(told.number, position) << "a gap leads back";
        position = std::max(position, told.number);
        // What is lost may lie between events that are kept: on other topics of the same stream.
        excused_upto_ = std::max(excused_upto_, told.tail);
        break;
      case Told::What::close:
      case Told::What::letter:
        break;
    }
  }

  void expect_nothing_between(const Client& client, uint64_t after, uint64_t before) {
    truth_.for_each_between(after, before, [&](uint64_t number, const Published& event) {
      if (!SimTruth::wants(*client.subscription, event)) return;
      // A stream of the newest N begins somewhere in what was there when it asked.
      if (client.newest > 0 && number <= excused_upto_) return;
      if (truth_.may_be_dropped(*client.subscription, number, excused_upto_)) return;
      ADD_FAILURE() << "lost: " << number << " on " << event.topics[0] << ", between " << after
                    << " and " << before << "; excused up to " << excused_upto_ << describe(client);
    });
  }

  static std::string describe(const Client& client) {
    std::string out = "\n  reads";
    for (const std::string& name : client.names) out += " " + name;
    out += client.start;
    for (const Connection& connection : client.connections) {
      out += fmt::format("\n  started after {}:", connection.start);
      for (const Told& told : connection.told) {
        out += fmt::format(" {}{}", std::string_view("ebgcl")[static_cast<std::size_t>(told.what)],
                           told.number);
      }
    }
    return out;
  }

  // A letter reaches the stream it was written to, once, and no other.
  void check_letters(const Client& client) {
    for (const Connection& connection : client.connections) {
      std::set<std::string> told;
      for (const Told& one : connection.told) {
        if (one.what != Told::What::letter) continue;
        ++letters_taken_;
        EXPECT_TRUE(one.data.starts_with("to " + connection.stream + " "))
            << "stream " << connection.stream << " was given " << one.data;
        EXPECT_TRUE(told.insert(one.data).second) << "twice: " << one.data;
        EXPECT_FALSE(refused_letters_.contains(one.data)) << "refused, and given: " << one.data;
      }
      if (!connection.stayed) continue;
      for (const std::string& letter : taken_letters_) {
        if (letter.starts_with("to " + connection.stream + " ")) {
          EXPECT_TRUE(told.contains(letter)) << "taken, but not given: " << letter;
        }
      }
    }
  }

  SimBroker& broker_;
  SimTruth& truth_;
  Random& random_;
  SimCaller caller_;
  std::deque<Client> clients_;
  std::set<std::string> taken_letters_, refused_letters_;
  std::size_t letters_ = 0, letters_taken_ = 0, gaps_ = 0;
  uint64_t excused_upto_ = 0;  // of the client that is being checked
  bool draining_ = false;
};

}  // namespace fanfare
