// broker/feed.cc: the window of blocks and the members array.
#include "broker/feed.h"

#include <algorithm>

#include "core/check.h"

namespace fanfare {
namespace {

constexpr std::size_t block_bytes_min = 256;
constexpr std::size_t block_bytes_max = 64_KiB;
constexpr std::size_t borrow_bytes_min = 4_KiB;  // from here a reference is cheaper than a copy

uint32_t events_in(std::size_t bytes) {
  return static_cast<uint32_t>(std::max<std::size_t>(1, bytes / 96));
}

}  // namespace

Feed::Feed(std::shared_ptr<const Subscription> subscription, WireFormat format,
           EventNumber covered_from)
    : subscription_(std::move(subscription)),
      format_(format),
      last_(covered_from.previous()),
      covered_from_(covered_from) {}

Feed::~Feed() {
  CHECK(members_.empty());
  trim(0, last_);
}

void Feed::append(Epoch epoch, const Event& event) {
  CHECK(last_ < event.number());
  last_ = event.number();
  std::size_t size;
  if (format_.canonical()) {
    const std::string_view frame = event.chunked_frame();
    size = frame.size();
    if (size >= borrow_bytes_min) {
      chain(Block::borrow(EventRef(&event)));
    } else {
      room_for(size)->append(last_, frame);
    }
  } else {
    thread_local std::string encoded;  // kept for its capacity
    encoded.clear();
    append_event(encoded, format_, epoch, event);
    size = encoded.size();
    room_for(size)->append(last_, encoded);
    if (encoded.capacity() > 1_MiB) encoded.shrink_to_fit();
  }
  sweep.unswept_bytes += size;
}

Block* Feed::room_for(std::size_t bytes) {
  if (newest_ != nullptr && newest_->fits(bytes)) return newest_;
  // A feed that fills its blocks gets larger ones, an idle feed stays small.
  const std::size_t grown =
      newest_ == nullptr ? block_bytes_min : std::size_t{2} * newest_->capacity();
  const std::size_t size = std::max(bytes, std::clamp(grown, block_bytes_min, block_bytes_max));
  chain(Block::make(static_cast<uint32_t>(size), events_in(size)));
  return newest_;
}

void Feed::chain(BlockRef block) {
  Block* const added = block.release();
  if (newest_ == nullptr) {
    oldest_ = added;
  } else {
    newest_->next = added;
  }
  newest_ = added;
  window_bytes_ += added->window_share();
}

Feed::Place Feed::find(EventNumber next) const {
  CHECK_LE(covered_from_, next);
  CHECK_LE(next, last_);
  Block* block = oldest_;
  while (block->last() < next) block = block->next;
  const uint32_t index = block->index_of(next);
  return {block, block->offset_of(index), static_cast<uint32_t>(block->entries().size()) - index};
}

void Feed::trim(std::size_t keep_bytes, EventNumber offered) {
  while (oldest_ != nullptr && window_bytes_ > keep_bytes && oldest_->last() <= offered) {
    Block* const gone = oldest_;
    oldest_ = gone->next;
    if (oldest_ == nullptr) newest_ = nullptr;
    gone->next = nullptr;
    covered_from_ = gone->last().next();
    window_bytes_ -= gone->window_share();
    gone->unref();
  }
}

uint32_t Feed::add_member(uint32_t slot) {
  members_.push_back(slot);
  return static_cast<uint32_t>(members_.size() - 1);
}

std::optional<uint32_t> Feed::remove_member(uint32_t position) {
  CHECK_LT(position, members_.size());
  const auto last = static_cast<uint32_t>(members_.size() - 1);
  std::optional<uint32_t> moved;
  if (position != last) {
    members_[position] = members_[last];
    moved = members_[position];
  }
  members_.pop_back();
  return moved;
}

}  // namespace fanfare
