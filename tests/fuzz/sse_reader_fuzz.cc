// tests/fuzz/sse_reader_fuzz.cc: any bytes as a stream of events, whole and cut in two.
//
// The first byte says where the cut is; it changes nothing of what is read.
#include <cstdint>
#include <string>

#include "app/sse_reader.h"
#include "core/check.h"

namespace {

using namespace fanfare;

struct Reading {
  SseReader reader;
  std::string blocks;

  void read(std::string_view bytes) {
    CHECK(reader.read(bytes, [this](const SseBlock& block) {
      CHECK(block.raw.ends_with("\n"));
      CHECK(block.has_data || block.data.empty());
      blocks += block.raw;
      blocks += block.type;
      blocks += '|';
      blocks += block.data;
      return SseTaste::go_on;
    }));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = text.size() * data[0] / 255;
  Reading whole, parts;
  whole.read(text);
  parts.read(text.substr(0, cut));
  parts.read(text.substr(cut));
  CHECK_EQ(whole.blocks, parts.blocks);
  CHECK_EQ(whole.reader.last_event_id(), parts.reader.last_event_id());
  CHECK_EQ(whole.reader.last_event_id().find('\0'), std::string::npos);
  CHECK(whole.reader.retry() == parts.reader.retry());
  return 0;
}
