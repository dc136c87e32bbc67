// core/limits.h: the limits that are not settable, each with its unit and its reason.
//
// The settable ones are in broker/settings.h; app/memory_budget.h adds up both.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace fanfare::limits {

// Bytes that wait for one stream alone (gap, hello, messages sent to it) while its socket is full.
constexpr std::size_t own_bytes_max = 16_KiB;
// Blocks of a feed: the smallest holds one short event, the largest is what one send should take.
constexpr std::size_t block_bytes_max = 64_KiB;
constexpr std::size_t descriptors_reserve = 1024;        // kept free to answer 503 and for files
constexpr unsigned workers_max = 64;                     // bits of one mask of sleepers
constexpr std::size_t connection_buffer_bytes = 16_KiB;  // of one receive

}  // namespace fanfare::limits
