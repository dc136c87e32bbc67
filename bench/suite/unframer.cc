// bench/suite/unframer.cc: heads of chunks and of WebSocket frames.
#include "bench/suite/unframer.h"

#include <charconv>

namespace fanfare::bench {
namespace {

constexpr uint8_t opcode_close = 8, opcode_ping = 9;

}  // namespace

// "\r\n" of the chunk before, if any, then the size in hex, extensions, "\r\n".
Flow Unframer::take_chunk_head() {
  const std::string_view head(head_.data(), head_size_);
  if (head.back() != '\n') return Flow::goes_on;
  if (head == "\r\n") {
    head_size_ = 0;
    return Flow::goes_on;
  }
  const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), left_, 16);
  if (error != std::errc{} || (*end != '\r' && *end != ';' && *end != '\n')) return Flow::broken;
  head_size_ = 0;
  is_data_ = true;
  return left_ == 0 ? Flow::ended : Flow::goes_on;
}

Flow Unframer::take_frame_head() {
  if (head_size_ < 2) return Flow::goes_on;
  const auto byte = [&](std::size_t i) { return static_cast<uint8_t>(head_[i]); };
  if ((byte(1) & 0x80u) != 0) return Flow::broken;  // a server masks nothing
  const uint8_t length = byte(1) & 0x7fu;
  const std::size_t more = length == 126 ? 2u : length == 127 ? 8u : 0u;
  if (head_size_ < 2 + more) return Flow::goes_on;
  left_ = more == 0 ? length : 0;
  for (std::size_t i = 0; i < more; ++i) left_ = left_ << 8 | byte(2 + i);
  const uint8_t opcode = byte(0) & 0x0fu;
  head_size_ = 0;
  is_data_ = opcode < opcode_close;
  is_ping_ = opcode == opcode_ping;
  return opcode == opcode_close ? Flow::ended : Flow::goes_on;
}

std::string websocket_frame(uint8_t opcode, std::string_view payload) {
  std::string frame;
  frame += static_cast<char>(0x80u | opcode);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80u | payload.size());
  } else {
    frame += static_cast<char>(0x80u | 126u);
    frame += static_cast<char>(payload.size() >> 8 & 0xffu);
    frame += static_cast<char>(payload.size() & 0xffu);
  }
  // A mask of zeros: nothing between here and the server caches by what bytes look like.
  return frame.append(4, '\0').append(payload);
}

}  // namespace fanfare::bench
