// app/sse_reader.cc: the parsing rules of HTML, section 9.2.6.
#include "app/sse_reader.h"

#include <algorithm>

namespace fanfare {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t mark_over = 4;

// Digits only; what is too large to mean anything waits a day.
std::optional<Duration> milliseconds_of(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  constexpr uint64_t longest = 86'400'000;
  uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = std::min(value * 10 + static_cast<uint64_t>(c - '0'), longest);
  }
  return std::chrono::milliseconds(value);
}

}  // namespace

void SseReader::begin_stream() {
  line_.clear();
  raw_.clear();
  data_.clear();
  type_.clear();
  has_data_ = false;
  mark_matched_ = 0;
  after_cr_ = false;
  id_buffer_ = last_event_id_;
}

// One mark at the very beginning does not count. What only began like one is text.
void SseReader::skip_mark(std::string_view& bytes) {
  while (mark_matched_ < byte_order_mark.size() && !bytes.empty()) {
    if (bytes[0] != byte_order_mark[mark_matched_]) {
      line_ = byte_order_mark.substr(0, mark_matched_);
      mark_matched_ = mark_over;
      return;
    }
    bytes.remove_prefix(1);
    ++mark_matched_;
  }
}

bool SseReader::read(std::string_view bytes, const SseSink& sink) {
  skip_mark(bytes);
  while (!bytes.empty()) {
    if (after_cr_ && bytes[0] == '\n') bytes.remove_prefix(1);
    after_cr_ = false;
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    if (raw_.size() + line_.size() + part.size() > block_bytes_max) return false;
    if (end == std::string_view::npos) {
      line_ += part;
      return true;
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    SseTaste taste = SseTaste::go_on;
    if (line_.empty()) {
      taste = take_line(part, sink);
    } else {
      line_ += part;
      taste = take_line(line_, sink);
      line_.clear();
    }
    if (taste == SseTaste::stop) return true;
  }
  return true;
}

SseTaste SseReader::take_line(std::string_view line, const SseSink& sink) {
  raw_ += line;
  raw_ += '\n';
  if (line.empty()) return end_block(sink);
  const std::size_t colon = line.find(':');
  if (colon == 0) return SseTaste::go_on;  // a comment
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(" ")) value.remove_prefix(1);
  take_field(line.substr(0, colon), value);
  return SseTaste::go_on;
}

void SseReader::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_buffer_ = value;
  } else if (name == "retry") {
    if (const auto retry = milliseconds_of(value)) retry_ = retry;
  }
}

SseTaste SseReader::end_block(const SseSink& sink) {
  last_event_id_ = id_buffer_;
  const SseTaste taste = sink({has_data_, type_, data_, raw_});
  raw_.clear();
  data_.clear();
  type_.clear();
  has_data_ = false;
  return taste;
}

}  // namespace fanfare
