// broker/block.h: a run of events' bytes in one feed's format, with each event's number and end.
//
// Thread: one worker's (the count is plain).   Owned by: counted; a feed holds its blocks, a torn
// stream the one it is in. While a send is under way nothing is appended or taken away. A large
// event is borrowed, not copied: its block holds a reference to the event instead of bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "broker/event.h"

namespace fanfare {

class BlockRef;

class Block {
 public:
  struct Entry {
    EventNumber number;
    uint32_t end;  // offset after the event's last byte
  };

  // Room for `bytes` of at most `events` events.
  static BlockRef make(uint32_t bytes, uint32_t events);
  // One event whose canonical frame is sent from where it is.
  static BlockRef borrow(EventRef event);

  bool fits(std::size_t bytes) const;
  // Requires fits(). Numbers rise.
  void append(EventNumber number, std::string_view bytes);

  // Takes away the first `count` events: what follows moves to the front. Requires unshared().
  void drop_front(uint32_t count);
  bool unshared() const { return references_ == 1 && !borrowed_; }
  bool borrows() const { return static_cast<bool>(borrowed_); }

  uint32_t size() const { return size_; }
  std::string_view bytes(uint32_t from) const;  // from `from` to the end of what is there now
  std::span<const Entry> entries() const;
  EventNumber last() const { return entries().back().number; }  // requires an entry
  bool empty() const { return count_ == 0; }
  // The first event whose number is at least `number`, as an index; entries().size() if there is
  // none.
  uint32_t index_of(EventNumber number) const;
  // Where the bytes of the event at `index` begin.
  uint32_t offset_of(uint32_t index) const { return index == 0 ? 0 : slots()[index - 1].end; }
  uint32_t capacity() const { return capacity_; }
  uint32_t events_max() const { return events_max_; }
  // What it counts for in a feed's window, in bytes.
  std::size_t window_share() const { return borrowed_ ? size_ : capacity_; }

  // Of the feed that chains it: the next newer block, and from where on this one has every event.
  Block* next = nullptr;
  EventNumber covers_from;

  void ref() { ++references_; }
  void unref() {
    if (--references_ == 0) destroy();
  }

 private:
  Block() = default;
  ~Block() = default;
  void destroy();
  Entry* slots() { return reinterpret_cast<Entry*>(this + 1); }
  const Entry* slots() const { return reinterpret_cast<const Entry*>(this + 1); }
  char* storage() { return reinterpret_cast<char*>(slots() + events_max_); }
  const char* storage() const { return reinterpret_cast<const char*>(slots() + events_max_); }

  uint32_t references_ = 1;
  uint32_t capacity_ = 0;
  uint32_t events_max_ = 1;
  uint32_t size_ = 0;
  uint32_t count_ = 0;
  EventRef borrowed_;
};

class BlockRef {
 public:
  BlockRef() = default;
  explicit BlockRef(Block* block) : block_(block) {
    if (block_ != nullptr) block_->ref();
  }
  static BlockRef adopt(Block* block) {
    BlockRef taken;
    taken.block_ = block;
    return taken;
  }
  BlockRef(const BlockRef& other) : BlockRef(other.block_) {}
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() {
    if (block_ != nullptr) block_->unref();
  }
  Block* get() const { return block_; }
  Block* operator->() const { return block_; }
  explicit operator bool() const { return block_ != nullptr; }
  Block* release() { return std::exchange(block_, nullptr); }

 private:
  Block* block_ = nullptr;
};

}  // namespace fanfare
