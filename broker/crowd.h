// broker/crowd.h: most readers of a feed are behind at once: are publishers to wait for them?
//
// One reader that cannot keep up is left behind, and its lag policy speaks when history has lost
// its place. But when most of many readers are, it is what they have in common that is full (this
// machine, its network, the program that reads for them), and publishers that go on only make all
// of them lose their place: then publishers wait, as they do for the fan-out itself. A crowd that
// takes nothing is not waited for, and while one stays behind a little is let in in each window, so
// that slow readers, many or few, never stop a topic.
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
  // Bytes of events that come in a window all the same, and with them what is parked by then.
  static constexpr std::size_t let_in_max = 8_KiB;
  // A crowd moves in a window if so many of the readers that were behind when it began take
  // something. One that does not for so many windows has stalled; until then it may be a pause that
  // all of them had.
  static constexpr uint32_t moving_percent = 5, moving_min = 2;
  static constexpr uint32_t still_windows_max = 3;

  // It begins with half of the readers and ends when a few are left: else the half that is waited
  // for would change, and none of them catch up.
  static bool begins(uint32_t behind, uint32_t readers) {
    return readers >= readers_min && behind >= readers - readers / 2;
  }
  static bool has_caught_up(uint32_t behind, uint32_t readers) {
    return readers < readers_min || behind <= readers / 8;
  }

  // The first window begins, with so many readers behind.
  Crowd(Instant now, uint32_t behind) : window_end_(now + window), behind_(behind) {}

  void on_event(std::size_t bytes) { let_in_ += bytes; }
  void on_taken() { ++taken_; }  // something, by one of those readers: told once in a window

  bool holds_publishers() const {
    return still_windows_ < still_windows_max && let_in_ > let_in_max;
  }

  Instant window_end() const { return window_end_; }
  void begin_window(Instant now, uint32_t behind) {
    const bool moved = taken_ >= std::max(moving_min, behind_ * moving_percent / 100);
    still_windows_ = moved ? 0 : std::min(still_windows_ + 1, still_windows_max);
    window_end_ = now + window;
    behind_ = behind;
    taken_ = 0;
    let_in_ = 0;
  }

 private:
  Instant window_end_;
  std::size_t let_in_ = 0;  // bytes of events since the window began
  uint32_t behind_;         // readers, when it began
  uint32_t taken_ = 0;      // of them, those that have taken something
  uint32_t still_windows_ = 0;
};

}  // namespace fanfare
