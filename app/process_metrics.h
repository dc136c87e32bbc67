// app/process_metrics.h: what the process costs: processor time, memory, descriptors; for /metrics.
//
// Thread: any; reads /proc/self.
#pragma once

#include <string>

namespace fanfare {

// Lines in the text format of Prometheus, names as its client libraries have them (process_...).
std::string process_metrics_text();

}  // namespace fanfare
