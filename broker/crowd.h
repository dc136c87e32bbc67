// broker/crowd.h: most readers of a feed are behind at once: are publishers to wait for them?
//
// One reader that cannot keep up is left behind, and its lag policy speaks when history has lost
// its place. But when most of many readers are, it is what they have in common that is full (this
// machine, its network, the program that reads for them), and publishers that go on only make all
// of them lose their place: then publishers wait, as they do for the fan-out itself. A crowd that
// takes nothing is not waited for, and one that stays behind gets a little in each window, so that
// slow readers, many or few, never stop a topic.
//
// Thread: its worker's. A value.   Owned by: a Feed, while its crowd is behind.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "core/time.h"

namespace fanfare {

class Crowd {
 public:
  static constexpr uint32_t readers_min = 8;  // fewer are no crowd: each is one reader
  static constexpr Duration window = std::chrono::milliseconds(250);
  static constexpr std::size_t let_in_max = 8_KiB;  // events that come in a window all the same
  // A crowd moves in a window if so many of its readers take something. One that does not for so
  // many windows has stalled; until then it may be a pause that all of them had.
  static constexpr uint32_t moving_percent = 3;
  static constexpr uint32_t still_windows_max = 3;

  // It begins with half of the readers and ends when a few are left: else the half that is waited
  // for would change, and none of them catch up.
  static bool begins(uint32_t behind, uint32_t readers) {
    return readers >= readers_min && behind >= readers - readers / 2;
  }
  static bool has_caught_up(uint32_t behind, uint32_t readers) { return behind <= readers / 8; }

  explicit Crowd(Instant now) : window_end_(now + window) {}

  void on_event(std::size_t bytes) { let_in_ += bytes; }
  void on_taken() { ++taken_; }

  bool holds_publishers() const {
    return still_windows_ < still_windows_max && let_in_ > let_in_max;
  }

  // True: a window has ended, and what is to be let in begins anew.
  bool look(Instant now, uint32_t behind) {
    if (now < window_end_) return false;
    const bool moved = uint64_t{taken_} * 100 >= uint64_t{behind} * moving_percent;
    still_windows_ = moved ? 0 : std::min(still_windows_ + 1, still_windows_max);
    taken_ = 0;
    let_in_ = 0;
    window_end_ = now + window;
    return true;
  }
  Instant window_end() const { return window_end_; }

 private:
  Instant window_end_;
  std::size_t let_in_ = 0;  // bytes of events since the window began
  uint32_t taken_ = 0;      // sends since then that took something
  uint32_t still_windows_ = 0;
};

}  // namespace fanfare
