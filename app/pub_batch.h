// app/pub_batch.h: lines of input as the NDJSON body of one request.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "app/line_reader.h"
#include "app/pub.h"

namespace fanfare {

class PubBatch {
 public:
  // Of PubOptions: topic, event, data.
  explicit PubBatch(const PubOptions& options);

  // Why this line cannot be an event; nothing if it can.
  std::optional<std::string> fault_of(const InputLine& line) const;

  // All lines must be without fault.
  std::string body_of(std::span<const InputLine> lines) const;

 private:
  const PubData data_;
  std::string prefix_;  // {"topic":...,"event":...,"data":
};

}  // namespace fanfare
