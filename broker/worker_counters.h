// broker/worker_counters.h: what one worker counts, for metrics: written by it alone, read by any
// thread.
#pragma once

#include "core/counter.h"
#include "core/histogram.h"

namespace fanfare {

struct WorkerCounters {
  Counter events_published, batches_published, publishes_refused, publishes_parked;
  Counter events_delivered, sends, sends_blocked, bytes_sent, sweeps;
  Counter streams_opened, streams_closed, gaps, lagged, heartbeats, hung_up;
  Counter requests, problems, connections_accepted, connections_handed_over, streams_refused;
  Counter turns, wakes;
  Gauge streams, connections, feeds, topics, history_events, history_bytes, unanswered, bus_lag;
};

}  // namespace fanfare
