// bench/load/counting_sink.h: what fast readers do with a stream's bytes: count events and time
// some.
#pragma once

#include <cstdint>
#include <cstdio>

#include "bench/load/payload.h"
#include "bench/load/reader.h"

namespace fanfare::bench {

class CountingSink final : public Sink {
 public:
  explicit CountingSink(std::size_t payload_bytes) : counter(payload_bytes) {}

  void on_head(Reader&, std::string_view) override {}
  void on_body(Reader&, std::string_view bytes) override {
    deliveries += counter.count(bytes);
    received_bytes += bytes.size();
    ++reads;
  }
  void on_end(Reader&, std::string_view why) override {
    if (ended++ > 0) return;
    std::fprintf(stderr, "a stream ended: %.*s\n", static_cast<int>(why.size()), why.data());
  }

  PayloadCounter counter;
  uint64_t deliveries = 0, received_bytes = 0, reads = 0, ended = 0;
};

inline double milliseconds_of(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace fanfare::bench
