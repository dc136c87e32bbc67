// bench/load/stream_reading.h: takes one stream's body apart as it comes: chunks, then the blocks
// of Server-Sent Events.
//
// Owned by: a checker of streams, one for each connection of a reader. Written for a hundred
// million blocks: what it hands on lies in its own buffer until the call returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fanfare::bench {

struct SseBlock {
  std::string_view id, type, data;
  bool has_id = false, has_data = false;
};

class StreamReading {
 public:
  // Calls on_block(const SseBlock&) for each block that is now complete. False: the bytes are no
  // chunked body, or there is something after its end.
  template <class OnBlock>
  bool take(std::string_view bytes, OnBlock&& on_block) {
    const bool chunks_are_good = unchunk(bytes);
    std::size_t begin = 0;
    for (std::size_t end; (end = text_.find("\n\n", begin)) != text_.npos; begin = end + 2) {
      on_block(block_of(std::string_view(text_).substr(begin, end + 1 - begin)));
    }
    text_.erase(0, begin);
    return chunks_are_good;
  }
  bool is_over() const { return at_ == At::end; }  // the last chunk has come

 private:
  enum class At : uint8_t { size, data, after_data, after_last, end };

  bool unchunk(std::string_view bytes);
  static SseBlock block_of(std::string_view lines);

  At at_ = At::size;
  std::size_t left_ = 0;     // of the chunk, or of the line end after it
  std::string size_digits_;  // a chunk's size as far as it has come
  std::string text_;
};

}  // namespace fanfare::bench
