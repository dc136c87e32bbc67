// bench/load/reader_set.h: many readers, opened a bounded number at a time.
//
// Owned by: a workload.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "bench/load/loop.h"
#include "bench/load/reader.h"

namespace fanfare::bench {

struct ReaderSetOptions {
  sockaddr_in to{};
  uint32_t readers = 0;
  unsigned source_first = 0;  // several generators take different ones
  std::function<std::string(uint32_t)> path;
  std::function<int(uint32_t)> receive_bytes;  // SO_RCVBUF; none: the kernel's choice
};

class ReaderSet {
 public:
  ReaderSet(Loop& loop, Sink& sink, const ReaderSetOptions& options);

  // Opens all of them; ends the program if they are not open after `patience`.
  void open_all(Duration patience);
  void open(uint32_t index, const std::string& last_event_id = "");
  Reader& operator[](uint32_t index) { return readers_[index]; }
  uint32_t size() const { return static_cast<uint32_t>(readers_.size()); }
  uint32_t open_count() const;

 private:
  // Beyond this the ports of one source address are slow to find.
  static constexpr uint32_t readers_per_source = 8'000;
  static constexpr uint32_t opening_max = 200;

  Loop& loop_;
  ReaderSetOptions options_;
  std::deque<Reader> readers_;
};

std::string stream_request(const std::string& path, const std::string& last_event_id);

}  // namespace fanfare::bench
