// bench/suite/bench_command.h: `fanfare bench`: measures a server of events, and says what was
// found.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace fanfare::bench {

// `words` behind `fanfare bench`. Returns the exit code: 0 all came as it should, 1 not, 2 the
// words are wrong. `stop_descriptor` becomes readable when a person wants the report now.
int run_bench_command(const std::vector<std::string>& words, int stop_descriptor);

}  // namespace fanfare::bench
