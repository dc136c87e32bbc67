// bench/suite/measurement_json.h: a result as one line of JSON, and figures read back from such
// lines.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/suite/measurement.h"
#include "core/result.h"

namespace fanfare::bench {

std::string json_of(const Measurement& result);

// The numbers of one result by their place, "stages.open.latency_ms.p99"; of arrays those whose
// elements are objects with a name. Texts at the top are in `texts`.
struct Figures {
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;
};
Result<Figures> figures_of(std::string_view json);
// One result a line, as `--json` appends them.
Result<std::vector<Figures>> read_figures_file(const std::string& path);

}  // namespace fanfare::bench
