// app/pub_batch.cc: checks what the broker would refuse, so that a fault is told by its line of
// input.
#include "app/pub_batch.h"

#include <fmt/core.h>

#include "net/json.h"
#include "net/json_escape.h"
#include "net/utf8.h"

namespace fanfare {

PubBatch::PubBatch(const PubOptions& options) : data_(options.data) {
  prefix_ = R"({"topic":)";
  append_json_string(prefix_, options.topic);
  if (!options.event.empty()) {
    prefix_ += R"(,"event":)";
    append_json_string(prefix_, options.event);
  }
  prefix_ += R"(,"data":)";
}

std::optional<std::string> PubBatch::fault_of(const InputLine& line) const {
  if (line.fit == LineFit::cut) {
    return fmt::format("is longer than {} MiB", LineReader::line_bytes_max >> 20);
  }
  if (const auto at = line.text.find('\0'); at != std::string::npos) {
    return fmt::format("has a NUL at byte {}: events are text", at + 1);
  }
  if (!is_valid_utf8(line.text)) {
    return fmt::format("is not UTF-8 from byte {} on: convert it first, as in iconv -t UTF-8",
                       find_invalid_utf8(line.text).value_or(0) + 1);
  }
  if (data_ == PubData::text) return std::nullopt;
  JsonReader reader;
  TextArena arena;
  JsonValue value;
  if (reader.read_value(line.text, arena, value)) return std::nullopt;
  return fmt::format("is not JSON: {}, at byte {}", reader.fault().what, reader.fault().at + 1);
}

std::string PubBatch::body_of(std::span<const InputLine> lines) const {
  std::string body;
  for (const InputLine& line : lines) {
    body += prefix_;
    if (data_ == PubData::json) {
      body += line.text;
    } else {
      append_json_string(body, line.text);
    }
    body += "}\n";
  }
  return body;
}

}  // namespace fanfare
