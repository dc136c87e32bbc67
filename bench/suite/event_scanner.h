// bench/suite/event_scanner.h: finds the events in the body of a stream, in whatever pieces it
// comes and whatever the server writes around them.
//
// Owned by: a Receiver; 32 bytes, and the piece of an event that is not whole yet.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "bench/suite/stamp.h"

namespace fanfare::bench {

class EventScanner {
 public:
  // Calls each(stamp, before) for every event: `before` are bytes of this piece in front of it.
  // Returns how many were not as they were published.
  template <class Each>
  uint32_t scan(StampReader& reader, std::string_view bytes, Each&& each) {
    uint32_t corrupt = 0;
    while (!piece_.empty() && !bytes.empty()) corrupt += finish(reader, bytes, each);
    const char* const first = bytes.data();
    while (!bytes.empty()) {
      const void* found = std::memchr(bytes.data(), stamp_begin, bytes.size());
      if (found == nullptr) break;
      bytes.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()));
      if (bytes.size() < stamp_head_bytes) {
        piece_ = bytes;
        break;
      }
      const auto size = announced_bytes(bytes);
      if (!size) {
        ++corrupt;
        bytes.remove_prefix(1);
        continue;
      }
      if (bytes.size() < *size) {
        piece_ = bytes;
        break;
      }
      const std::string_view before(first, static_cast<std::size_t>(bytes.data() - first));
      corrupt += tell(reader, bytes.substr(0, *size), before, each);
      bytes.remove_prefix(*size);
    }
    return corrupt;
  }

  void forget() { std::string().swap(piece_); }

 private:
  // Takes what the piece lacks, first its head, then the rest.
  template <class Each>
  uint32_t finish(StampReader& reader, std::string_view& bytes, Each&& each) {
    std::size_t whole = stamp_head_bytes;
    if (piece_.size() >= stamp_head_bytes) {
      const auto size = announced_bytes(piece_);
      if (!size) return forget(), 1;
      whole = *size;
    }
    const std::string_view taken = bytes.substr(0, whole - piece_.size());
    piece_ += taken;
    bytes.remove_prefix(taken.size());
    if (piece_.size() < whole || whole == stamp_head_bytes) return 0;
    const uint32_t corrupt = tell(reader, piece_, {}, each);
    forget();
    return corrupt;
  }

  template <class Each>
  static uint32_t tell(StampReader& reader, std::string_view data, std::string_view before,
                       Each&& each) {
    const auto stamp = reader.read(data);
    if (!stamp) return 1;
    each(*stamp, before);
    return 0;
  }

  std::string piece_;
};

}  // namespace fanfare::bench
