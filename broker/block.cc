// broker/block.cc: a block's one allocation.
#include "broker/block.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/check.h"

namespace fanfare {

BlockRef Block::make(uint32_t bytes, uint32_t events) {
  CHECK_GE(events, 1u);
  const std::size_t size = sizeof(Block) + events * sizeof(Entry) + bytes;
  Block* const block = new (::operator new(size)) Block();
  block->capacity_ = bytes;
  block->events_max_ = events;
  return BlockRef::adopt(block);
}

BlockRef Block::borrow(EventRef event) {
  BlockRef block = make(0, 1);
  const auto size = static_cast<uint32_t>(event->chunked_frame().size());
  block->slots()[0] = {event->number(), size};
  block->size_ = size;
  block->count_ = 1;
  block->borrowed_ = std::move(event);
  return block;
}

bool Block::fits(std::size_t bytes) const {
  return !borrowed_ && count_ < events_max_ && bytes <= capacity_ - size_;
}

void Block::append(EventNumber number, std::string_view bytes) {
  CHECK(fits(bytes.size()));
  CHECK(count_ == 0 || last() < number);
  std::memcpy(storage() + size_, bytes.data(), bytes.size());
  size_ += static_cast<uint32_t>(bytes.size());
  new (slots() + count_++) Entry{number, size_};
}

void Block::drop_front(uint32_t count) {
  CHECK(unshared());
  CHECK_LE(count, count_);
  const uint32_t gone = offset_of(count);
  std::memmove(storage(), storage() + gone, size_ - gone);
  for (uint32_t i = count; i < count_; ++i) {
    slots()[i - count] = {slots()[i].number, slots()[i].end - gone};
  }
  size_ -= gone;
  count_ -= count;
}

std::string_view Block::bytes(uint32_t from) const {
  CHECK_LE(from, size_);
  const char* const begin = borrowed_ ? borrowed_->chunked_frame().data() : storage();
  return {begin + from, size_ - from};
}

std::span<const Block::Entry> Block::entries() const {
  return {slots(), count_};
}

uint32_t Block::index_of(EventNumber number) const {
  const auto all = entries();
  const auto first = std::partition_point(all.begin(), all.end(),
                                          [&](const Entry& e) { return e.number < number; });
  return static_cast<uint32_t>(first - all.begin());
}

void Block::destroy() {
  this->~Block();
  ::operator delete(static_cast<void*>(this));
}

}  // namespace fanfare
