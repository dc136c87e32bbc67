// app/read_file.h: a whole small file, or why it cannot be read.
//
// Thread: any; blocks.
#pragma once

#include <cstddef>
#include <string>

#include "core/result.h"

namespace fanfare {

// An error is "cannot read PATH: no such file", "...: permission denied", "...: more than N bytes".
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace fanfare
