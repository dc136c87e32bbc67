// broker/event_number.cc: ids from and to text.
#include "broker/event_number.h"

#include <charconv>

namespace fanfare {

std::size_t write_event_id(char* out, EventId id) {
  constexpr char digits[] = "0123456789abcdef";
  for (int i = 0; i < 16; ++i) out[i] = digits[(id.epoch.value >> (60 - 4 * i)) & 15];
  out[16] = '-';
  const auto end = std::to_chars(out + 17, out + event_id_bytes_max, id.number.value);
  return static_cast<std::size_t>(end.ptr - out);
}

void append_event_id(std::string& out, EventId id) {
  char buffer[event_id_bytes_max];
  out.append(buffer, write_event_id(buffer, id));
}

std::string EventId::text() const {
  std::string text;
  append_event_id(text, *this);
  return text;
}

std::optional<EventId> EventId::parse(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash < 8 || dash > 16 || text.size() > 40) return {};
  EventId id;
  const char* const middle = text.data() + dash;
  const char* const end = text.data() + text.size();
  const auto epoch = std::from_chars(text.data(), middle, id.epoch.value, 16);
  const auto number = std::from_chars(middle + 1, end, id.number.value, 10);
  if (epoch.ec != std::errc() || epoch.ptr != middle) return {};
  if (number.ec != std::errc() || number.ptr != end) return {};
  return id;
}

}  // namespace fanfare
