// app/sub.h: `fanfare sub`: prints events of topics and patterns as they come, and comes again.
//
// Thread: one; blocks. A broken connection is told on `err` and made again where it was, after the
// time that the broker asked for, with jitter; gaps and goodbyes are told in words.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "core/time.h"

namespace fanfare {

enum class SubOutput : uint8_t {
  data,  // the data of each event and a line end
  json,  // one JSON object a line: id, topic, event, data
  sse    // blocks as the broker sent them, line ends as LF
};

struct SubOptions {
  std::string url = "http://127.0.0.1:8080";  // or unix:/path
  std::string socket;                         // path of a Unix socket, instead of the URL
  std::vector<std::string> topics;            // and patterns; at least one
  std::string since, last, last_event_id;     // at most one is not empty
  SubOutput output = SubOutput::data;
  std::string key_file;                            // empty: none
  uint64_t count = 0;                              // events after which to end; 0: never
  Duration retry_first = std::chrono::seconds(1);  // until the broker names another
  Duration retry_max = std::chrono::seconds(30);
  Duration silence_max = std::chrono::seconds(45);  // three heartbeats: then it is lost
};

// Borrows the descriptors. 0: `stop` (-1: none) became readable, nobody reads `output` any more,
// `count` is reached, or the topic came to its end while we read; 1: refused for good, or the
// broker could not be reached at all; 2: wrong options.
int run_sub(const SubOptions& options, int output, std::ostream& err, int stop = -1);

}  // namespace fanfare
