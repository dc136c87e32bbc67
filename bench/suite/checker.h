// bench/suite/checker.h: has every stream seen every event, once, in order?
//
// Thread: one. Four bytes for each pair of a stream and a source that publishes to it; what is not
// in order is kept aside as ranges, until it comes or is lost.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace fanfare::bench {

enum class Seen : uint8_t { in_order, after_a_hole, late, twice };

class Checker {
 public:
  Checker(uint32_t streams, uint32_t sources);

  // One event of one stream.
  Seen see(uint32_t stream, uint32_t source, uint32_t sequence);
  // From now on the stream begins wherever its next event is.
  void begin_anywhere(uint32_t stream);
  // A server that keeps what a stream has missed gives it `sequence` next; what is before was not
  // for this stream.
  void expect(uint32_t stream, uint32_t source, uint32_t sequence);
  // Nothing of this stream is looked at again: neither its holes nor its end.
  void give_up(uint32_t stream);

  // Events that this stream has not seen of `published` from each source, holes left aside.
  uint64_t behind(uint32_t stream, const uint32_t* published) const;
  uint64_t holes() const { return holes_; }  // events that were passed over and have not come
  uint64_t twice = 0, out_of_order = 0;

  uint32_t next(uint32_t stream, uint32_t source) const { return next_[place(stream, source)]; }

 private:
  static constexpr uint32_t anywhere = UINT32_MAX;
  static constexpr uint32_t given_up = UINT32_MAX - 1;

  uint64_t place(uint32_t stream, uint32_t source) const {
    return uint64_t{stream} * sources_ + source;
  }
  bool fill(uint64_t place, uint32_t sequence);
  void forget_holes(uint64_t place);

  const uint32_t sources_;
  std::vector<uint32_t> next_;
  // (place, first) -> one after the last.
  std::map<std::pair<uint64_t, uint32_t>, uint32_t> ranges_;
  uint64_t holes_ = 0;
};

}  // namespace fanfare::bench
