// net/text_arena.h: memory for what parsing makes (decoded strings, compacted values): taken in
// steps, given back at once.
//
// Thread: its owner's. What take() gave stays where it is until clear(). clear() keeps one chunk,
// so that a steady flow of requests allocates nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace fanfare {

class TextArena {
 public:
  // `count` bytes, not initialised.
  char* take(std::size_t count);
  // Gives the last `count` bytes of the latest take() back.
  void give_back(std::size_t count) { used_ -= count; }
  std::string_view keep(std::string_view text);
  // An array of `count` views, all empty.
  std::string_view* take_views(std::size_t count);

  void clear();
  std::size_t memory_bytes() const;

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  std::vector<Chunk> chunks_;  // the last one is filled
  std::size_t used_ = 0;       // of the last one
};

}  // namespace fanfare
