// broker/event.cc: an event's one allocation and its canonical frame.
#include "broker/event.h"

#include <charconv>
#include <cstring>
#include <new>

#include "broker/event_memory.h"
#include "core/check.h"
#include "net/base64.h"
#include "net/sse.h"

namespace fanfare {
namespace {

// "ffffffff\r\n" + "id: " + id + "\n"
constexpr std::size_t head_room_bytes = 8 + 2 + 4 + event_id_bytes_max + 1;

bool has_line_end(std::string_view data) {
  return LineEnds(data).next(0) != data.npos;
}

// Appends to a buffer whose size was computed beforehand.
struct Pen {
  char* begin;
  char* p;
  uint32_t at() const { return static_cast<uint32_t>(p - begin); }
  void put(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(p, text.data(), text.size());
    p += text.size();
  }
};

struct Plan {
  std::string base64;       // of binary data
  bool data_apart = false;  // the frame does not hold the data in one piece
  std::size_t topics = 0, fields = 0, total = 0;
};

Plan plan_of(const EventParts& parts) {
  Plan plan;
  std::string_view shown = parts.data;
  if (parts.kind == DataKind::binary) {
    plan.base64 = std::string(binary_data_prefix);
    append_base64(plan.base64, bytes_of(parts.data));
    shown = plan.base64;
  }
  plan.data_apart = parts.kind == DataKind::binary || has_line_end(parts.data);
  plan.topics = parts.topics[0].size();
  for (std::size_t i = 1; i < parts.topics.size(); ++i) plan.topics += 1 + parts.topics[i].size();
  plan.fields = sse_fields_bytes(parts.type, parts.retry_ms, shown) + 2;
  plan.total =
      plan.topics + head_room_bytes + plan.fields + (plan.data_apart ? parts.data.size() : 0);
  return plan;
}

}  // namespace

EventRef Event::make(const EventParts& parts) {
  CHECK(!parts.topics.empty());
  CHECK_LE(parts.topics.size(), 16u);
  CHECK_LE(parts.type.size(), 255u);
  const Plan plan = plan_of(parts);
  const std::size_t size = EventMemory::rounded(sizeof(Event) + plan.total);
  CHECK_LT(size, std::size_t{1} << 32);

  Event* const event = new (EventMemory::of_this_thread().take(size)) Event();
  event->allocated_ = static_cast<uint32_t>(size);
  Pen pen{event->at(0), event->at(0)};
  event->topic_bytes_ = static_cast<uint8_t>(parts.topics[0].size());
  event->topic_count_ = static_cast<uint8_t>(parts.topics.size());
  event->topic_hash_ = fanfare::topic_hash(parts.topics[0]);
  pen.put(parts.topics[0]);
  for (std::size_t i = 1; i < parts.topics.size(); ++i) {
    *pen.p++ = static_cast<char>(static_cast<unsigned char>(parts.topics[i].size()));
    pen.put(parts.topics[i]);
  }

  pen.p += head_room_bytes;
  event->fields_ = pen.at();
  event->type_bytes_ = static_cast<uint8_t>(parts.type.size());
  const bool binary = parts.kind == DataKind::binary;
  const SseFieldsAt where = write_sse_fields(pen.p, parts.type, parts.retry_ms,
                                             binary ? std::string_view(plan.base64) : parts.data);
  event->type_ = event->fields_ + static_cast<uint32_t>(where.type);
  event->data_ = event->fields_ + static_cast<uint32_t>(where.data);
  event->data_bytes_ = static_cast<uint32_t>(parts.data.size());
  pen.p += where.end;
  pen.put("\r\n");
  event->end_ = pen.at();
  if (plan.data_apart) {
    event->data_ = pen.at();
    pen.put(parts.data);
  }
  CHECK_EQ(pen.at(), plan.total);

  event->kind_ = parts.kind;
  event->retry_ms_ = parts.retry_ms;
  return EventRef::adopt(event);
}

void Event::number_it(EventId id, WallTime time, Instant at_time) {
  CHECK_EQ(number_.value, 0u);
  number_ = id.number;
  time_ = time;
  born_ = at_time;

  char line[4 + event_id_bytes_max + 1] = {'i', 'd', ':', ' '};
  std::size_t length = 4 + write_event_id(line + 4, id);
  line[length++] = '\n';
  id_line_ = fields_ - static_cast<uint32_t>(length);
  std::memcpy(at(id_line_), line, length);

  char chunk[8];
  const auto end = std::to_chars(chunk, chunk + sizeof chunk, end_ - 2 - id_line_, 16);
  const auto digits = static_cast<uint32_t>(end.ptr - chunk);
  frame_ = id_line_ - 2 - digits;
  std::memcpy(at(frame_), chunk, digits);
  std::memcpy(at(frame_ + digits), "\r\n", 2);
}

void Event::destroy() const {
  const std::size_t size = allocated_;
  this->~Event();
  EventMemory::of_this_thread().give_back(const_cast<void*>(static_cast<const void*>(this)), size);
}

}  // namespace fanfare
