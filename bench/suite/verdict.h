// bench/suite/verdict.h: what a measurement means, in words.
//
// A pure function.
#pragma once

#include <string>
#include <vector>

#include "bench/suite/measurement.h"

namespace fanfare::bench {

// Sentences, the weightiest first.
std::vector<std::string> verdict_of(const Measurement& result);

// Was the generator, not the server, what limited or disturbed this stage? Empty: no.
std::string generator_fault(const Measurement& result, const StageResult& stage);

}  // namespace fanfare::bench
