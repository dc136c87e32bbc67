// core/cache_line.h: the unit in which cores share memory; what two threads write stands on
// different lines.
#pragma once

#include <cstddef>

namespace fanfare {

// Fixed, not std::hardware_destructive_interference_size: g++ lets that differ between files
// compiled for different machines, and a layout must not.
constexpr std::size_t cache_line_bytes = 64;

}  // namespace fanfare
