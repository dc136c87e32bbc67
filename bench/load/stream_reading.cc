// bench/load/stream_reading.cc: chunks of a body, lines of a block.
#include "bench/load/stream_reading.h"

#include <algorithm>
#include <charconv>

namespace fanfare::bench {

bool StreamReading::unchunk(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (at_) {
      case At::size: {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        size_digits_.append(bytes.substr(0, end));
        if (size_digits_.size() > 10) return false;
        if (end == bytes.size()) return true;
        bytes.remove_prefix(end + 1);
        if (!size_digits_.ends_with('\r')) return false;
        const char* const last = size_digits_.data() + size_digits_.size() - 1;
        const auto parsed = std::from_chars(size_digits_.data(), last, left_, 16);
        if (parsed.ec != std::errc{} || parsed.ptr != last) return false;
        size_digits_.clear();
        at_ = left_ == 0 ? At::after_last : At::data;
        if (left_ == 0) left_ = 2;
        break;
      }
      case At::data: {
        const std::string_view here = bytes.substr(0, left_);
        text_.append(here);
        bytes.remove_prefix(here.size());
        left_ -= here.size();
        if (left_ > 0) return true;
        at_ = At::after_data;
        left_ = 2;
        break;
      }
      case At::after_data:
      case At::after_last:
        if (bytes.front() != (left_ == 2 ? '\r' : '\n')) return false;
        bytes.remove_prefix(1);
        if (--left_ == 0) at_ = at_ == At::after_data ? At::size : At::end;
        break;
      case At::end:
        return false;
    }
  }
  return true;
}

SseBlock StreamReading::block_of(std::string_view lines) {
  SseBlock block;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 1);
    if (line.starts_with("id: ")) {
      block.id = line.substr(4);
      block.has_id = true;
    } else if (line.starts_with("data:")) {
      block.data = line.substr(std::min<std::size_t>(6, line.size()));
      block.has_data = true;
    } else if (line.starts_with("event: ")) {
      block.type = line.substr(7);
    }
  }
  return block;
}

}  // namespace fanfare::bench
