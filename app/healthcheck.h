// app/healthcheck.h: `fanfare healthcheck`: asks a broker's internal listener whether it is ready.
//
// Thread: one; blocks for the timeout at most (but for a slow name server). For images that have no
// shell and no curl.
#pragma once

#include <iosfwd>
#include <string>

#include "core/time.h"

namespace fanfare {

struct HealthcheckOptions {
  std::string url = "http://127.0.0.1:8081/readyz";  // without a path: /readyz
  Duration timeout = std::chrono::seconds(2);        // for all of it
};

// Prints one line. 0: it answered 200; 1: anything else, and the line says what; 2: a wrong URL.
int run_healthcheck(const HealthcheckOptions& options, std::ostream& out);

}  // namespace fanfare
