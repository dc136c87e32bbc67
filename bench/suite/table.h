// bench/suite/table.h: a measurement for a terminal.
#pragma once

#include <string>

#include "bench/suite/measurement.h"

namespace fanfare::bench {

std::string table_of(const Measurement& result);

}  // namespace fanfare::bench
