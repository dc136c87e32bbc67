// broker/feed.cc: the window of blocks and the members array.
#include "broker/feed.h"

#include <algorithm>

#include "core/check.h"

namespace fanfare {
namespace {

constexpr std::size_t block_bytes_min = 256;
// Holds the backlog of a congested feed: two rounds of FanOut::Limits::debt_max, and what was on
// its way to the feed when it was marked.
constexpr std::size_t block_bytes_max = 512_KiB;
constexpr std::size_t move_bytes_max = 256_KiB;   // beyond it a second send is cheaper than a copy
constexpr std::size_t borrow_bytes_min = 64_KiB;  // from here on likewise

uint32_t narrow(std::size_t bytes) {
  return static_cast<uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX));
}

uint32_t events_in(std::size_t bytes) {
  return static_cast<uint32_t>(std::max<std::size_t>(1, bytes / 96));
}

}  // namespace

Feed::Feed(Subscription::Ref subscription, WireFormat format, EventNumber covered_from)
    : format_(format),
      subscription_(std::move(subscription)),
      last_(covered_from.previous()),
      covered_from_(covered_from),
      offered_(last_) {}

Feed::~Feed() {
  CHECK(members_.empty());
  while (oldest_ != nullptr) drop_oldest();
}

void Feed::append(Epoch epoch, const Event& event) {
  CHECK(last_ < event.number());
  const EventNumber before = last_;
  last_ = event.number();
  std::size_t size;
  if (format_.canonical()) {
    const std::string_view frame = event.chunked_frame();
    size = frame.size();
    if (size >= borrow_bytes_min) {
      chain(Block::borrow(EventRef(&event)), before.next());
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
  sweep.debt = narrow(sweep.debt + size);
}

Block* Feed::room_for(std::size_t bytes) {
  if (newest_ == nullptr || !newest_->fits(bytes)) grow(bytes);
  return newest_;
}

// Makes room in the newest block, and lets it begin with what not everybody has been offered.
void Feed::grow(std::size_t bytes) {
  uint32_t first = 0;
  std::size_t live = 0;
  if (newest_ != nullptr) {
    first = newest_->index_of(offered_.next());
    live = newest_->size() - newest_->offset_of(first);
  }
  if (live > move_bytes_max || (newest_ != nullptr && newest_->borrows())) {
    first = static_cast<uint32_t>(newest_->entries().size());
    live = 0;
  }
  const std::size_t needed = live + bytes;
  round_bytes_ = std::max(narrow(needed), round_bytes_ - round_bytes_ / 4);
  const std::size_t size =
      std::max(needed, std::clamp(2 * std::size_t{round_bytes_}, block_bytes_min, block_bytes_max));
  const EventNumber covers_from = newest_ == nullptr ? covered_from_
                                  : first == 0       ? newest_->covers_from
                                                     : newest_->entries()[first - 1].number.next();
  if (newest_ != nullptr && behind == 0 && newest_->unshared() && newest_->capacity() >= size &&
      newest_->entries().size() - first < newest_->events_max() / 2) {
    while (oldest_ != newest_) drop_oldest();  // or the window would have a hole behind them
    newest_->drop_front(first);
    newest_->covers_from = covers_from;
    covered_from_ = covers_from;
    return;
  }
  const auto moved =
      newest_ == nullptr ? 0 : static_cast<uint32_t>(newest_->entries().size()) - first;
  BlockRef grown =
      Block::make(static_cast<uint32_t>(size), std::max(events_in(size), 2 * (moved + 1)));
  if (newest_ != nullptr) {
    std::size_t at = newest_->offset_of(first);
    for (const Block::Entry& entry : newest_->entries().subspan(first)) {
      grown->append(entry.number,
                    newest_->bytes(static_cast<uint32_t>(at)).substr(0, entry.end - at));
      at = entry.end;
    }
  }
  Block* const before = newest_;
  chain(std::move(grown), covers_from);
  const bool all_moved = covers_from <= offered_.next();
  if (before != nullptr && before == oldest_ && all_moved && behind == 0) drop_oldest();
}

void Feed::chain(BlockRef block, EventNumber covers_from) {
  Block* const added = block.release();
  added->covers_from = covers_from;
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
  if (next >= newest_->covers_from) {
    block = newest_;
  } else {
    while (block->empty() || block->last() < next) block = block->next;
  }
  const uint32_t index = block->index_of(next);
  return {block, block->offset_of(index), static_cast<uint32_t>(block->entries().size()) - index};
}

uint32_t Feed::bytes_from(EventNumber next) const {
  if (next > last_ || next < covered_from_) return 0;
  const Place place = find(next);
  return place.block->size() - place.offset;
}

void Feed::trim(std::size_t keep_bytes) {
  while (oldest_ != nullptr && window_bytes_ > keep_bytes && oldest_->last() <= offered_) {
    drop_oldest();
  }
}

// What it covered last comes from history, or from the next block.
void Feed::drop_oldest() {
  Block* const gone = oldest_;
  oldest_ = gone->next;
  if (oldest_ == nullptr) newest_ = nullptr;
  gone->next = nullptr;
  covered_from_ = oldest_ == nullptr ? last_.next() : oldest_->covers_from;
  window_bytes_ -= gone->window_share();
  gone->unref();
}

uint32_t Feed::add_member(uint32_t slot) {
  members_.add(slot);
  return members_.size() - 1;
}

std::optional<uint32_t> Feed::remove_member(uint32_t position) {
  members_.remove_at(position);
  if (position == members_.size()) return std::nullopt;
  return members_[position];
}

}  // namespace fanfare
