// tests/sim/sim_publishing.h: the publishers of a simulated story: single events and batches,
// events of several topics, keys that are used again, over HTTP and as lines.
//
// Owned by the story. Writes into the truth what it was answered.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "tests/sim/sim_caller.h"
#include "tests/sim/sim_reader.h"
#include "tests/sim/sim_truth.h"

namespace fanfare {

class SimPublishing {
 public:
  SimPublishing(SimBroker& broker, SimTruth& truth, Random& random, std::size_t large_bytes_max)
      : truth_(truth), random_(random), large_bytes_max_(large_bytes_max) {
    using Speaks = SimCaller::Speaks;
    callers_.push_back(std::make_unique<SimCaller>(broker, SimBroker::tcp, Speaks::http));
    callers_.push_back(std::make_unique<SimCaller>(broker, SimBroker::tcp, Speaks::http));
    callers_.push_back(std::make_unique<SimCaller>(broker, SimBroker::unix_socket, Speaks::http));
    callers_.push_back(std::make_unique<SimCaller>(broker, SimBroker::unix_socket, Speaks::lines));
  }

  static std::string some_topic(Random& random) {
    return fmt::format("t/{}/{}", random.below(3), random.below(4));
  }

  void publish() {
    SimCaller& caller = *callers_[random_.below(static_cast<uint32_t>(callers_.size()))];
    if (caller.speaks_lines()) return publish_lines(caller);
    // Over TCP alone: a key stands for what one publisher sent, and that is an address.
    if (caller.peer().listener_id() == SimBroker::tcp && random_.chance(0.3))
      return publish_keyed(caller);
    const unsigned count = random_.chance(0.2) ? 1 + random_.below(20) : 1;
    std::vector<Published> events;
    for (unsigned i = 0; i < count; ++i) events.push_back(some_event());
    send(caller, events, "");
  }

  void read() {
    for (auto& caller : callers_) caller->read();
  }
  bool all_answered() const {
    for (const auto& caller : callers_) {
      if (!caller->is_idle()) return false;
    }
    return true;
  }
  std::size_t refused() const { return refused_; }
  std::size_t replayed() const { return replayed_; }

 private:
  struct Keyed {
    std::string key;
    std::vector<Published> events;
  };

  Published some_event() {
    const std::size_t size = random_.chance(0.1)
                                 ? 2000 + random_.below(static_cast<uint32_t>(large_bytes_max_))
                                 : random_.below(60);
    Published event{{some_topic(random_)}, fmt::format("{}:{}", next_++, std::string(size, 'x'))};
    if (random_.chance(0.15)) {
      const std::string second = some_topic(random_);
      if (second != event.topics[0]) event.topics.push_back(second);
    }
    return event;
  }

  static std::string line_of(const Published& event) {
    std::string topic = fmt::format("\"{}\"", event.topics[0]);
    if (event.topics.size() == 2)
      topic = fmt::format("[\"{}\",\"{}\"]", event.topics[0], event.topics[1]);
    return fmt::format("{{\"topic\":{},\"data\":\"{}\"}}\n", topic, event.data);
  }

  void publish_lines(SimCaller& caller) {
    for (unsigned left = 1 + random_.below(5); left > 0; --left) {
      const Published event = some_event();
      caller.call(line_of(event), [this, event](const SimAnswer& answer) {
        if (answer.status == 0) return truth_.leave_open(event);
        ASSERT_EQ(answer.status, 200) << answer.body;
        truth_.accept(number_in_id(answer.text("id")), event);
      });
    }
  }

  // The same key and body may come again, over any connection, as a client that had no answer sends
  // it.
  void publish_keyed(SimCaller& caller) {
    if (keyed_.size() < 5 || random_.chance(0.5)) {
      Keyed fresh{fmt::format("k{}", next_), {}};
      for (unsigned i = 1 + random_.below(3); i > 0; --i) fresh.events.push_back(some_event());
      keyed_.push_back(std::move(fresh));
    }
    const Keyed& one =
        keyed_[keyed_.size() - 1 -
               random_.below(static_cast<uint32_t>(std::min<std::size_t>(5, keyed_.size())))];
    send(caller, one.events, "Idempotency-Key: " + one.key + "\r\n");
  }

  void send(SimCaller& caller, const std::vector<Published>& events, const std::string& field) {
    std::string body;
    for (const Published& event : events) body += line_of(event);
    caller.call(fmt::format("POST /events HTTP/1.1\r\nHost: localhost\r\n{}Content-Type: "
                            "application/x-ndjson\r\nContent-Length: {}\r\n\r\n{}",
                            field, body.size(), body),
                [this, events, keyed = !field.empty()](const SimAnswer& answer) {
                  take(answer, events, keyed);
                });
  }

  void take(const SimAnswer& answer, const std::vector<Published>& events, bool keyed) {
    if (answer.status == 0) {
      for (const Published& event : events) truth_.leave_open(event);
      return;
    }
    if (answer.status == 503) {
      ++refused_;
      EXPECT_FALSE(answer.field("Retry-After").empty()) << answer.head;
      // With a key it may come again and be taken then, and it may be on its way already.
      for (const Published& event : events) {
        if (keyed) {
          truth_.leave_open(event);
        } else {
          truth_.refuse(event);
        }
      }
      return;
    }
    if (answer.status == 409 && keyed) return;  // the first one is still on its way
    ASSERT_EQ(answer.status, 200) << answer.head << answer.body;
    if (!answer.field("Idempotency-Replayed").empty()) ++replayed_;
    const uint64_t first = number_in_id(answer.text("first"));
    const uint64_t last = number_in_id(answer.text("last"));
    ASSERT_EQ(last - first + 1, events.size()) << answer.body;
    for (std::size_t i = 0; i < events.size(); ++i) truth_.accept(first + i, events[i]);
  }

  SimTruth& truth_;
  Random& random_;
  const std::size_t large_bytes_max_;
  std::vector<std::unique_ptr<SimCaller>> callers_;
  std::vector<Keyed> keyed_;
  uint64_t next_ = 1;
  std::size_t refused_ = 0, replayed_ = 0;
};

}  // namespace fanfare
