// bench/micro/weightless.h: an event for a bus alone, without memory or count.
#pragma once

#include <cstddef>

namespace fanfare {

struct Weightless {
  void unref() const {}
  std::size_t bytes() const { return 200; }
};

}  // namespace fanfare
