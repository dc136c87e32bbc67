// tests/fuzz/ndjson_publish_fuzz.cc: any bytes as NDJSON, whole and line by line: both must say the
// same.
#include <cstdint>
#include <string>

#include "broker/publish_body.h"
#include "core/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace fanfare;
  static PublishReader reader;
  static PublishBatch whole, lines;
  const std::string body(reinterpret_cast<const char*>(data), size);
  PublishRequest request;
  request.content_type = "application/x-ndjson";
  const auto fault = reader.read(request, body, PublishLimits{}, whole);
  lines.clear();
  uint64_t line = 1;
  std::optional<Fault> line_fault;
  for (std::size_t at = 0; at < body.size() && !line_fault; ++line) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    // Its own copy, so that reading past its end is seen.
    static std::string kept[4096];
    std::string& text = kept[line % 4096];
    text.assign(body, at, end - at);
    text.shrink_to_fit();
    line_fault = reader.read_line(text, PublishLimits{}, lines);
    at = end + 1;
  }
  if (!fault) {
    CHECK(!line_fault);
    CHECK_EQ(whole.items().size(), lines.items().size());
  } else if (fault->line) {
    CHECK(line_fault.has_value());
    CHECK_EQ(*fault->line, line - 1);
  }
  return 0;
}
