// bench/suite/html_report.h: a measurement as one page, readable without a network.
#pragma once

#include <string>

#include "bench/suite/measurement.h"

namespace fanfare::bench {

std::string html_of(const Measurement& result);

}  // namespace fanfare::bench
