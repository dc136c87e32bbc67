// tests/sim/sim_caller.h: a client that sends requests over one simulated connection and takes the
// answers in order; and one that sends lines.
//
// Owned by the story. When the connection breaks, what is unanswered is told so (status 0), and a
// new one is opened.
#pragma once

#include <charconv>
#include <deque>
#include <functional>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "net/sim_peer.h"
#include "tests/sim/sim_broker.h"

namespace fanfare {

struct SimAnswer {
  int status = 0;  // 0: the connection broke before it came
  std::string head, body;
  std::string field(std::string_view name) const {
    const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == head.npos) return {};
    const std::size_t begin = at + 2 + name.size() + 2;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  // The string that the body's JSON object has under this name.
  std::string text(std::string_view name) const {
    const std::string before = fmt::format("\"{}\":\"", name);
    const std::size_t at = body.find(before);
    if (at == body.npos) return {};
    const std::size_t begin = at + before.size();
    return body.substr(begin, body.find('"', begin) - begin);
  }
};

class SimCaller {
 public:
  using Handler = std::function<void(const SimAnswer&)>;
  enum class Speaks : uint8_t { http, lines };

  SimCaller(SimBroker& broker, uint32_t listener, Speaks speaks)
      : broker_(broker),
        listener_(listener),
        speaks_(speaks),
        peer_(&broker.net.connect(listener)) {}

  // A whole request, or a line with its end.
  void call(const std::string& bytes, Handler handler) {
    peer_->write(bytes);
    waiting_.push_back({bytes.starts_with("HEAD "), std::move(handler)});
  }
  bool is_idle() const { return waiting_.empty(); }
  bool speaks_lines() const { return speaks_ == Speaks::lines; }
  SimPeer& peer() { return *peer_; }

  void read() {
    received_ += peer_->take();
    while (!waiting_.empty() && (speaks_ == Speaks::http ? take_answer() : take_line())) {
    }
    if (!peer_->was_reset() && !peer_->was_closed()) return;
    std::deque<Waiting> lost;
    lost.swap(waiting_);
    received_.clear();
    peer_ = &broker_.net.connect(listener_);
    for (const Waiting& one : lost) one.handler({});
  }

 private:
  struct Waiting {
    bool head_only;
    Handler handler;
  };

  bool take_answer() {
    const std::size_t end = received_.find("\r\n\r\n");
    if (end == received_.npos) return false;
    SimAnswer answer;
    answer.head = received_.substr(0, end + 2);
    std::from_chars(answer.head.data() + 9, answer.head.data() + 12, answer.status);
    std::size_t length = 0;
    if (!waiting_.front().head_only) {
      const std::string text = answer.field("Content-Length");
      EXPECT_TRUE(!text.empty() || answer.status == 204) << answer.head;
      std::from_chars(text.data(), text.data() + text.size(), length);
    }
    if (received_.size() < end + 4 + length) return false;
    answer.body = received_.substr(end + 4, length);
    received_.erase(0, end + 4 + length);
    give(answer);
    return true;
  }

  bool take_line() {
    const std::size_t end = received_.find('\n');
    if (end == received_.npos) return false;
    SimAnswer answer;
    answer.body = received_.substr(0, end);
    answer.status = answer.body.starts_with("{\"id\"") ? 200 : 400;
    const std::size_t at = answer.body.find("\"status\":");
    if (at != answer.body.npos)
      std::from_chars(answer.body.data() + at + 9, answer.body.data() + at + 12, answer.status);
    received_.erase(0, end + 1);
    give(answer);
    return true;
  }

  void give(const SimAnswer& answer) {
    const Handler handler = std::move(waiting_.front().handler);
    waiting_.pop_front();
    handler(answer);
  }

  SimBroker& broker_;
  const uint32_t listener_;
  const Speaks speaks_;
  SimPeer* peer_;
  std::string received_;
  std::deque<Waiting> waiting_;
};

}  // namespace fanfare
