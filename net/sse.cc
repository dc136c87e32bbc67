// net/sse.cc: writing event-stream fields.
#include "net/sse.h"

#include <charconv>
#include <cstring>

namespace fanfare {
namespace {

constexpr std::string_view event_name = "event: ", retry_name = "retry: ", data_name = "data: ";

std::size_t decimal_digits(uint32_t value) {
  std::size_t digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}

char* put(char* out, std::string_view text) {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

std::size_t sse_fields_bytes(std::string_view type, uint32_t retry_ms, std::string_view data) {
  std::size_t size = 1;
  if (!type.empty()) size += event_name.size() + type.size() + 1;
  if (retry_ms != 0) size += retry_name.size() + decimal_digits(retry_ms) + 1;
  for_each_line(data, [&](std::string_view line) { size += data_name.size() + line.size() + 1; });
  return size;
}

SseFieldsAt write_sse_fields(char* out, std::string_view type, uint32_t retry_ms,
                             std::string_view data) {
  SseFieldsAt where;
  char* p = out;
  if (!type.empty()) {
    p = put(p, event_name);
    where.type = static_cast<std::size_t>(p - out);
    p = put(p, type);
    *p++ = '\n';
  }
  if (retry_ms != 0) {
    p = put(p, retry_name);
    p = std::to_chars(p, p + 10, retry_ms).ptr;
    *p++ = '\n';
  }
  where.data = static_cast<std::size_t>(p - out) + data_name.size();
  for_each_line(data, [&](std::string_view line) {
    p = put(put(p, data_name), line);
    *p++ = '\n';
  });
  *p++ = '\n';
  where.end = static_cast<std::size_t>(p - out);
  return where;
}

void append_sse_data(std::string& out, std::string_view data) {
  for_each_line(data, [&](std::string_view line) {
    out += data_name;
    out += line;
    out += '\n';
  });
}

}  // namespace fanfare
