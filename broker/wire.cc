// broker/wire.cc: events and control messages as SSE, NDJSON and binary frames.
#include "broker/wire.h"

#include "core/decimal.h"
#include "net/base64.h"
#include "net/json_escape.h"
#include "net/sse.h"

namespace fanfare {
namespace {

// Kinds of binary frames (docs/PROTOCOL.md).
enum class FrameKind : uint8_t { hello = 0, text = 1, binary = 2, heartbeat = 3, control = 4 };

// Wraps what `fill` appends into one HTTP chunk, if the format asks for it. Chunk sizes may have
// leading zeros, so the size is written into a fixed place afterwards.
template <class Fill>
void in_chunk(std::string& out, WireFormat format, Fill&& fill) {
  if (format.framing == Framing::plain) {
    fill();
    return;
  }
  const std::size_t head = out.size();
  out += "00000000\r\n";
  const std::size_t begin = out.size();
  fill();
  std::size_t size = out.size() - begin;
  for (std::size_t i = 8; i-- > 0; size >>= 4) out[head + i] = "0123456789abcdef"[size & 15];
  out += "\r\n";
}

// JSON text on one line: a line end in valid JSON is white space between tokens.
void append_without_line_ends(std::string& out, std::string_view json) {
  for_each_line(json, [&](std::string_view line) { out += line; });
}

// The members `event` and `data`, and the end of the object.
void append_json_type_and_data(std::string& out, std::string_view type, std::string_view data,
                               DataKind kind) {
  if (!type.empty()) {
    out += R"("event":)";
    append_json_string(out, type);
    out += ',';
  }
  out += R"("data":)";
  if (kind == DataKind::json) {
    append_without_line_ends(out, data);
  } else if (kind == DataKind::binary) {
    out += '"';
    append_base64(out, bytes_of(data));
    out += R"(","encoding":"base64")";
  } else {
    append_json_string(out, data);
  }
  out += '}';
}

void append_json_line(std::string& out, Epoch epoch, const Event& event) {
  out += R"({"id":")";
  append_event_id(out, {epoch, event.number()});
  out += R"(","topic":)";
  append_json_string(out, event.topic());
  out += ',';
  append_json_type_and_data(out, event.type(), event.data(), event.kind());
}

void append_sse_event(std::string& out, WireFormat format, Epoch epoch, const Event& event) {
  if (format.envelope == Envelope::json) {
    out += "id: ";
    append_event_id(out, {epoch, event.number()});
    out += '\n';
    if (format.topic_field == TopicField::shown) {
      out += "topic: ";
      out += event.topic();
      out += '\n';
    }
    std::string line;
    append_json_line(line, epoch, event);
    append_sse_data(out, line);
    out += '\n';
    return;
  }
  if (format.topic_field == TopicField::none) {
    out += event.frame();
    return;
  }
  const std::string_view frame = event.frame(), fields = event.fields();
  out += frame.substr(0, frame.size() - fields.size());
  out += "topic: ";
  out += event.topic();
  out += '\n';
  out += fields;
}

void append_big_endian(std::string& out, uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) out += static_cast<char>((value >> (8 * i)) & 255);
}

struct FrameParts {
  FrameKind kind;
  EventNumber number;
  WallTime time;
  std::string_view topic, type, data;
};

void append_frame(std::string& out, const FrameParts& f) {
  const std::size_t length = 1 + 1 + 8 + 8 + 2 + f.topic.size() + 1 + f.type.size() + f.data.size();
  append_big_endian(out, length, 4);
  append_big_endian(out, static_cast<uint8_t>(f.kind), 1);
  append_big_endian(out, 0, 1);
  append_big_endian(out, f.number.value, 8);
  append_big_endian(out, static_cast<uint64_t>(f.time.time_since_epoch().count()), 8);
  append_big_endian(out, f.topic.size(), 2);
  out += f.topic;
  append_big_endian(out, f.type.size(), 1);
  out += f.type;
  out += f.data;
}

void append_sse_control(std::string& out, const Control& control) {
  if (control.retry_ms != 0) {
    out += "retry: ";
    append_decimal(out, control.retry_ms);
    out += '\n';
  }
  if (control.id) {
    out += "id: ";
    append_event_id(out, *control.id);
    out += '\n';
  }
  out += "event: ";
  out += control.type;
  out += "\ndata: ";
  out += control.data;
  out += "\n\n";
}

void append_json_control(std::string& out, const Control& control) {
  out += '{';
  if (control.id) {
    out += R"("id":")";
    append_event_id(out, *control.id);
    out += R"(",)";
  }
  out += R"("event":")";
  out += control.type;
  out += R"(","data":)";
  out += control.data;
  out += "}\n";
}

}  // namespace

char WireFormat::tag() const {
  const unsigned bits = static_cast<unsigned>(encoding) | static_cast<unsigned>(framing) << 2 |
                        static_cast<unsigned>(envelope) << 3 |
                        static_cast<unsigned>(topic_field) << 4;
  return static_cast<char>('A' + bits);
}

std::string_view WireFormat::content_type() const {
  switch (encoding) {
    case Encoding::sse:
      return "text/event-stream; charset=utf-8";
    case Encoding::ndjson:
      return "application/x-ndjson";  // always UTF-8
    case Encoding::frames:
      return "application/vnd.fanfare.frames";
  }
  return {};
}

void append_event(std::string& out, WireFormat format, Epoch epoch, const Event& event) {
  if (format.canonical()) {
    out += event.chunked_frame();
    return;
  }
  in_chunk(out, format, [&] {
    switch (format.encoding) {
      case Encoding::sse:
        append_sse_event(out, format, epoch, event);
        break;
      case Encoding::ndjson:
        append_json_line(out, epoch, event);
        out += '\n';
        break;
      case Encoding::frames:
        append_frame(out,
                     {event.kind() == DataKind::binary ? FrameKind::binary : FrameKind::text,
                      event.number(), event.time(), event.topic(), event.type(), event.data()});
        break;
    }
  });
}

void append_control(std::string& out, WireFormat format, const Control& control) {
  in_chunk(out, format, [&] {
    switch (format.encoding) {
      case Encoding::sse:
        append_sse_control(out, control);
        break;
      case Encoding::ndjson:
        append_json_control(out, control);
        break;
      case Encoding::frames: {
        const EventNumber number = control.id ? control.id->number : EventNumber{};
        append_frame(out, {FrameKind::control, number, {}, {}, control.type, control.data});
        break;
      }
    }
  });
}

void append_message(std::string& out, WireFormat format, std::string_view type,
                    std::string_view data, DataKind kind) {
  in_chunk(out, format, [&] {
    if (format.encoding == Encoding::frames) {
      const FrameKind frame = kind == DataKind::binary ? FrameKind::binary : FrameKind::text;
      append_frame(out, {frame, {}, {}, {}, type, data});
      return;
    }
    std::string object;
    if (format.encoding == Encoding::ndjson || format.envelope == Envelope::json) {
      object = "{";
      append_json_type_and_data(object, type, data, kind);
    }
    if (format.encoding == Encoding::ndjson) {
      out += object;
      out += '\n';
      return;
    }
    if (!object.empty()) {
      append_sse_data(out, object);
    } else {
      if (!type.empty()) out.append("event: ").append(type).append("\n");
      if (kind == DataKind::binary) {
        std::string url(binary_data_prefix);
        append_base64(url, bytes_of(data));
        append_sse_data(out, url);
      } else {
        append_sse_data(out, data);
      }
    }
    out += '\n';
  });
}

void append_head_block(std::string& out, WireFormat format, Epoch epoch, uint32_t retry_ms,
                       std::optional<EventId> position) {
  if (format.encoding == Encoding::ndjson) return;
  in_chunk(out, format, [&] {
    if (format.encoding == Encoding::frames) {
      char digits[event_id_bytes_max];
      write_event_id(digits, {epoch, {}});
      std::string hello = R"({"epoch":")";
      hello.append(digits, 16);
      hello += R"(","retry_ms":)";
      append_decimal(hello, retry_ms);
      hello += '}';
      append_frame(
          out, {FrameKind::hello, position ? position->number : EventNumber{}, {}, {}, {}, hello});
      return;
    }
    out += "retry: ";
    append_decimal(out, retry_ms);
    out += '\n';
    if (position) {
      out += "id: ";
      append_event_id(out, *position);
      out += '\n';
    }
    out += '\n';
  });
}

void append_heartbeat(std::string& out, WireFormat format) {
  in_chunk(out, format, [&] {
    switch (format.encoding) {
      case Encoding::sse:
        out += ":\n";
        break;
      case Encoding::ndjson:
        out += '\n';
        break;
      case Encoding::frames:
        append_frame(out, {FrameKind::heartbeat, {}, {}, {}, {}, {}});
        break;
    }
  });
}

void append_beacon(std::string& out, WireFormat format, EventId position) {
  in_chunk(out, format, [&] {
    switch (format.encoding) {
      case Encoding::sse:
        out += "id: ";
        append_event_id(out, position);
        out += "\n\n";
        break;
      case Encoding::ndjson:
        out += R"({"id":")";
        append_event_id(out, position);
        out += "\"}\n";
        break;
      case Encoding::frames:
        append_frame(out, {FrameKind::heartbeat, position.number, {}, {}, {}, {}});
        break;
    }
  });
}

void append_end(std::string& out, WireFormat format) {
  if (format.framing == Framing::chunked) out += "0\r\n\r\n";
}

}  // namespace fanfare
