// broker/status.h: the process as its operator sees it: metrics for Prometheus, figures as JSON,
// health.
//
// Thread: any worker's: reads the counters that workers write for all.
#pragma once

#include <string>

#include "broker/server_state.h"

namespace fanfare {

// The text format of Prometheus, version 0.0.4.
std::string metrics_text(const ServerState& server, Instant now);
std::string statz_json(const ServerState& server, Instant now);

// Every worker has begun a turn lately (each does at least once a second).
bool is_live(const ServerState& server, Instant now);
constexpr Duration live_turn_max = std::chrono::seconds(5);

}  // namespace fanfare
