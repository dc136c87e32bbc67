// net/sse.h: the text/event-stream wire format: fields of an event, and what goes between events.
//
// Source:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation No
// byte of data can forge a field or an event: data is split at CR LF, CR and LF alike, one `data:`
// line each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fanfare {

// Where the parts of written fields stand, from their beginning. `data` is in one piece only if it
// has no line end.
struct SseFieldsAt {
  std::size_t type = 0, data = 0, end = 0;
};

// The size of what write_sse_fields writes: `event:`, `retry:` and `data:` lines and the empty
// line.
std::size_t sse_fields_bytes(std::string_view type, uint32_t retry_ms, std::string_view data);
SseFieldsAt write_sse_fields(char* out, std::string_view type, uint32_t retry_ms,
                             std::string_view data);

// Appends `data:` lines for each line of data.
void append_sse_data(std::string& out, std::string_view data);

// Finds line ends from the front to the back, with two runs of memchr over all: a search for both
// bytes at once costs 4 ns for every byte.
class LineEnds {
 public:
  explicit LineEnds(std::string_view data)
      : data_(data), feed_(data.find('\n')), return_(data.find('\r')) {}
  // The first CR or LF at `begin` or later; npos: none. `begin` rises from call to call.
  std::size_t next(std::size_t begin) {
    if (feed_ < begin) feed_ = data_.find('\n', begin);
    if (return_ < begin) return_ = data_.find('\r', begin);
    return std::min(feed_, return_);
  }

 private:
  std::string_view data_;
  std::size_t feed_, return_;
};

// Calls fn(line) for each line of data, the line ends taken away. "a\n" has two lines, the second
// empty.
template <class Fn>
void for_each_line(std::string_view data, Fn&& fn) {
  LineEnds ends(data);
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = ends.next(begin);
    if (end == data.npos) break;
    fn(data.substr(begin, end - begin));
    begin = end + 1;
    if (data[end] == '\r' && begin < data.size() && data[begin] == '\n') ++begin;
  }
  fn(data.substr(begin));
}

}  // namespace fanfare
