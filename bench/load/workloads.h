// bench/load/workloads.h: the subcommands. Each measures once, prints a report and returns the exit
// code.
#pragma once

#include "bench/load/flags.h"

namespace fanfare::bench {

int run_fanout(Flags& flags);        // one topic, many streams, busy publishers or a rate
int run_floor_server(Flags& flags);  // the bare loop that the broker is compared with
int run_event_floor(Flags& flags);   // the same for servers that are published to
int run_sweep(Flags& flags);         // one event to all, by one worker and by several
int run_verify(Flags& flags);        // every event exactly once, in order

}  // namespace fanfare::bench
