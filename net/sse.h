// net/sse.h: the text/event-stream wire format: fields of an event, and what goes between events.
//
// Source:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation No
// byte of data can forge a field or an event: data is split at CR LF, CR and LF alike, one `data:`
// line each.
#pragma once

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

// Calls fn(line) for each line of data, the line ends taken away. "a\n" has two lines, the second
// empty.
template <class Fn>
void for_each_line(std::string_view data, Fn&& fn) {
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = data.find_first_of("\r\n", begin);
    if (end == data.npos) break;
    fn(data.substr(begin, end - begin));
    begin = end + 1;
    if (data[end] == '\r' && begin < data.size() && data[begin] == '\n') ++begin;
  }
  fn(data.substr(begin));
}

}  // namespace fanfare
