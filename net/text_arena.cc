// net/text_arena.cc: chunks that double up to a megabyte.
#include "net/text_arena.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "core/bytes.h"

namespace fanfare {
namespace {

constexpr std::size_t chunk_bytes_min = 16_KiB;
constexpr std::size_t chunk_bytes_max = 1_MiB;
constexpr std::size_t kept_bytes_max = 256_KiB;  // one large request must not hold memory for ever

}  // namespace

char* TextArena::take(std::size_t count) {
  if (chunks_.empty() || chunks_.back().size - used_ < count) {
    const std::size_t last = chunks_.empty() ? 0 : chunks_.back().size;
    const std::size_t next = std::clamp(last * 2, chunk_bytes_min, chunk_bytes_max);
    const std::size_t size = std::max(next, count);
    chunks_.push_back({std::unique_ptr<char[]>(new char[size]), size});  // not zeroed
    used_ = 0;
  }
  return chunks_.back().bytes.get() + std::exchange(used_, used_ + count);
}

std::string_view TextArena::keep(std::string_view text) {
  if (text.empty()) return {};
  char* const copy = take(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

std::string_view* TextArena::take_views(std::size_t count) {
  void* at = take(count * sizeof(std::string_view) + alignof(std::string_view) - 1);
  std::size_t room = count * sizeof(std::string_view) + alignof(std::string_view) - 1;
  at = std::align(alignof(std::string_view), count * sizeof(std::string_view), at, room);
  auto* const views = static_cast<std::string_view*>(at);
  std::uninitialized_value_construct_n(views, count);
  return views;
}

void TextArena::clear() {
  used_ = 0;
  if (chunks_.empty()) return;
  Chunk kept = std::move(chunks_.back());
  chunks_.clear();
  if (kept.size <= kept_bytes_max) chunks_.push_back(std::move(kept));
}

std::size_t TextArena::memory_bytes() const {
  std::size_t bytes = 0;
  for (const Chunk& chunk : chunks_) bytes += chunk.size;
  return bytes;
}

}  // namespace fanfare
