// bench/suite/unframer.h: takes the framing of a transport away: HTTP chunks, WebSocket frames, or
// nothing.
//
// Owned by: a Receiver. Pieces may be cut anywhere.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace fanfare::bench {

enum class Framing : uint8_t { raw, chunked, websocket };
enum class Flow : uint8_t { goes_on, ended, broken };

class Unframer {
 public:
  void begin(Framing framing) { *this = Unframer{}, framing_ = framing; }

  // Calls body(bytes) for what the frames hold. `ended`: the peer said that this was all.
  template <class Body>
  Flow feed(std::string_view bytes, Body&& body) {
    if (framing_ == Framing::raw) {
      body(bytes);
      return Flow::goes_on;
    }
    while (!bytes.empty()) {
      if (left_ > 0) {
        const std::string_view part = bytes.substr(0, std::min<uint64_t>(left_, bytes.size()));
        bytes.remove_prefix(part.size());
        left_ -= part.size();
        if (is_data_) body(part);
        if (is_ping_) ping_.append(part);
        continue;
      }
      if (head_size_ == head_.size()) return Flow::broken;
      head_[head_size_++] = bytes.front();
      bytes.remove_prefix(1);
      const Flow flow = framing_ == Framing::chunked ? take_chunk_head() : take_frame_head();
      if (flow != Flow::goes_on) return flow;
    }
    return Flow::goes_on;
  }

  // The payload of a WebSocket ping that wants its pong; has_ping() first.
  bool has_ping() const { return is_ping_ && left_ == 0; }
  std::string take_ping() {
    is_ping_ = false;
    return std::move(ping_);
  }

 private:
  Flow take_chunk_head();
  Flow take_frame_head();

  Framing framing_ = Framing::raw;
  bool is_data_ = false, is_ping_ = false;
  uint8_t head_size_ = 0;
  std::array<char, 32> head_{};
  uint64_t left_ = 0;  // of the frame's payload
  std::string ping_;
};

// A client's frame, masked as RFC 6455 wants it.
std::string websocket_frame(uint8_t opcode, std::string_view payload);

}  // namespace fanfare::bench
