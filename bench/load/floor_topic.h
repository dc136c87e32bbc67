// bench/load/floor_topic.h: a topic of the event floor: the frames of its latest events one behind
// the other, and who reads them.
//
// Owned by: EventFloor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare::bench {

class FloorTopic {
 public:
  // The frame a broker makes of an event: one chunk, with an id.
  void append(std::string_view data) {
    char id[48];
    const int id_bytes = std::snprintf(id, sizeof id, "id: 0123456789abcdef-%llu\ndata: ",
                                       static_cast<unsigned long long>(number_));
    char size[24];
    const auto frame_bytes = static_cast<std::size_t>(id_bytes) + data.size() + 2;
    const int size_bytes = std::snprintf(size, sizeof size, "%zx\r\n", frame_bytes);
    log_.append(size, static_cast<std::size_t>(size_bytes));
    log_.append(id, static_cast<std::size_t>(id_bytes)).append(data).append("\n\n\r\n");
    ends_.push_back(end());
    ++number_;
  }

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return begin_ + log_.size(); }
  uint64_t number() const { return number_; }  // of the next event
  std::string_view from(uint64_t offset) const {
    return std::string_view(log_).substr(offset - begin_);
  }
  // Up to the end of the event that `offset` lies in.
  std::string_view event_at(uint64_t offset) const {
    const auto next = std::upper_bound(ends_.begin(), ends_.end(), offset);
    return from(offset).substr(0, *next - offset);
  }
  // Where the event behind this number begins; what is not kept any more: the oldest that is.
  uint64_t after(uint64_t number) const {
    const uint64_t first = number_ - ends_.size();
    if (number + 1 >= number_) return end();
    return number < first ? begin_ : ends_[number - first];
  }
  // Forgets the oldest, to the beginning of an event.
  void trim(uint64_t keep_bytes) {
    std::size_t events = 0;
    while (events < ends_.size() && ends_[events] + keep_bytes < end()) ++events;
    if (events == 0) return;
    const uint64_t to = ends_[events - 1];
    log_.erase(0, to - begin_);
    begin_ = to;
    ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(events));
  }

  std::vector<uint32_t> members;  // places of its streams
  bool had_readers = false;
  bool is_dirty = false;  // a member lacks something and is not blocked

 private:
  std::string log_;
  uint64_t begin_ = 0;         // offset of the log's first byte
  std::deque<uint64_t> ends_;  // of its events
  uint64_t number_ = 1;
};

}  // namespace fanfare::bench
