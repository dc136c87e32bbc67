// bench/load/reader_set.cc: opening many readers.
#include "bench/load/reader_set.h"

#include <algorithm>

#include "bench/load/flags.h"

namespace fanfare::bench {

std::string stream_request(const std::string& path, const std::string& last_event_id) {
  std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n";
  if (!last_event_id.empty()) request += "Last-Event-ID: " + last_event_id + "\r\n";
  return request + "\r\n";
}

ReaderSet::ReaderSet(Loop& loop, Sink& sink, const ReaderSetOptions& options)
    : loop_(loop), options_(options) {
  for (uint32_t i = 0; i < options.readers; ++i) readers_.emplace_back(loop, sink, i);
}

uint32_t ReaderSet::open_count() const {
  return static_cast<uint32_t>(std::count_if(
      readers_.begin(), readers_.end(), [](const Reader& reader) { return reader.is_open(); }));
}

void ReaderSet::open(uint32_t index, const std::string& last_event_id) {
  readers_[index].open(options_.to, options_.source_first + index / readers_per_source,
                       stream_request(options_.path(index), last_event_id),
                       options_.receive_bytes ? options_.receive_bytes(index) : 0);
}

void ReaderSet::open_all(Duration patience) {
  const Instant until = monotonic_now() + patience;
  uint32_t begun = 0;
  // Opened in order: the oldest that is not open bounds how many are on their way.
  uint32_t opened = 0;
  const bool all = turn_until(loop_, until, [&] {
    while (opened < begun && readers_[opened].is_open()) ++opened;
    while (begun < size() && begun - opened < opening_max) open(begun++);
    return opened == size();
  });
  if (!all) {
    fail("only " + std::to_string(open_count()) + " of " + std::to_string(size()) +
         " streams opened");
  }
}

}  // namespace fanfare::bench
