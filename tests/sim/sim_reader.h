// tests/sim/sim_reader.h: a reader of one stream over a simulated connection: answers, chunks and
// SSE read strictly.
//
// Fails the test on whatever the protocol does not allow; keeps what was told, for the oracle.
#pragma once

#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "net/sim_peer.h"

namespace fanfare {

// What a stream told, in order.
struct Told {
  enum class What : uint8_t { event, beacon, gap, close, letter };  // letter: to this stream alone
  What what{};
  uint64_t number = 0;  // of its id; 0: none
  uint64_t tail = 0;    // the newest number of all when it was read
  std::string type, data;
};

inline uint64_t number_in_id(std::string_view id) {
  uint64_t number = 0;
  const std::size_t dash = id.find('-');
  EXPECT_NE(dash, id.npos) << id;
  if (dash == id.npos) return 0;
  std::from_chars(id.data() + dash + 1, id.data() + id.size(), number);
  return number;
}

class SimReader {
 public:
  // `tail` tells the newest number of all.
  SimReader(SimPeer& peer, std::function<uint64_t()> tail) : peer_(peer), tail_(std::move(tail)) {}

  // Takes what has arrived.
  void read() {
    raw_ += peer_.take();
    if (status_ == 0 && !read_head()) return;
    while (!ended_ && read_chunk()) {
    }
    read_blocks();
  }

  int status() const { return status_; }
  const std::string& head() const { return head_; }
  bool ended() const { return ended_; }  // its body is complete
  const std::vector<Told>& told() const { return told_; }
  uint64_t start() const { return start_; }  // Fanfare-Last-Event-ID of the head
  const std::string& last_id() const { return last_id_; }
  std::string field(std::string_view name) const {
    const std::size_t at = head_.find("\r\n" + std::string(name) + ": ");
    if (at == head_.npos) return {};
    const std::size_t begin = at + 2 + name.size() + 2;
    return head_.substr(begin, head_.find("\r\n", begin) - begin);
  }
  SimPeer& peer() { return peer_; }

 private:
  bool read_head() {
    const std::size_t end = raw_.find("\r\n\r\n");
    if (end == raw_.npos) return false;
    head_ = raw_.substr(0, end + 2);
    raw_.erase(0, end + 4);
    std::from_chars(head_.data() + 9, head_.data() + 12, status_);
    if (status_ == 200) {
      EXPECT_NE(head_.find("Transfer-Encoding: chunked"), head_.npos) << head_;
      last_id_ = field("Fanfare-Last-Event-ID");
      start_ = number_in_id(last_id_);
    }
    return true;
  }

  bool read_chunk() {
    const std::size_t line = raw_.find("\r\n");
    if (line == raw_.npos) return false;
    std::size_t size = 0;
    const auto parsed = std::from_chars(raw_.data(), raw_.data() + line, size, 16);
    EXPECT_EQ(parsed.ptr, raw_.data() + line) << "a broken chunk head: " << raw_.substr(0, line);
    if (raw_.size() < line + 2 + size + 2) return false;
    EXPECT_EQ(raw_.substr(line + 2 + size, 2), "\r\n");
    body_ += raw_.substr(line + 2, size);
    raw_.erase(0, line + 2 + size + 2);
    if (size == 0) ended_ = true;
    return true;
  }

  void read_blocks() {
    for (std::size_t end; (end = body_.find("\n\n")) != body_.npos; body_.erase(0, end + 2)) {
      read_block(std::string_view(body_).substr(0, end));
    }
  }

  void read_block(std::string_view block) {
    Told told;
    bool has_id = false, has_data = false;
    while (!block.empty()) {
      const std::size_t end = std::min(block.find('\n'), block.size());
      const std::string_view line = block.substr(0, end);
      block.remove_prefix(std::min(end + 1, block.size()));
      if (line.starts_with("id: ")) {
        last_id_ = line.substr(4);
        told.number = number_in_id(last_id_);
        has_id = true;
      } else if (line.starts_with("event: ")) {
        told.type = line.substr(7);
      } else if (line.starts_with("data: ") || line == "data:") {
        if (has_data) told.data += '\n';
        told.data += line.substr(std::min<std::size_t>(6, line.size()));
        has_data = true;
      } else {
        EXPECT_TRUE(line.starts_with(":") || line.starts_with("retry: ")) << line;
      }
    }
    told.what = Told::What::event;
    if (told.type == "fanfare.gap") told.what = Told::What::gap;
    if (told.type == "fanfare.close") told.what = Told::What::close;
    if (told.what == Told::What::event && has_data && !has_id) told.what = Told::What::letter;
    if (!has_data) {
      if (!has_id) return;
      told.what = Told::What::beacon;
    }
    told.tail = tail_();
    told_.push_back(std::move(told));
  }

  SimPeer& peer_;
  const std::function<uint64_t()> tail_;
  std::string raw_, head_, body_, last_id_;
  int status_ = 0;
  uint64_t start_ = 0;
  bool ended_ = false;
  std::vector<Told> told_;
};

}  // namespace fanfare
