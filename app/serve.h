// app/serve.h: `fanfare serve`: the broker as a process: listeners, threads, signals.
#pragma once

#include <functional>

#include "broker/settings.h"
#include "core/result.h"

namespace fanfare {

// Serves until a signal asks it to end. SIGTERM and SIGINT drain (a second one ends at once);
// SIGHUP calls `reload` and uses what it returns, or goes on with what it has. Returns the exit
// code: 0 asked to end, 1 failed, 2 wrong configuration.
int run_serve(const Settings& settings, const std::function<Result<Settings>()>& reload);

}  // namespace fanfare
