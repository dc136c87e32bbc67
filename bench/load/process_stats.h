// bench/load/process_stats.h: what /proc says of a process: processor time and memory.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace fanfare::bench {

// User and system time of all threads of a process so far, in seconds (steps of 10 ms).
double cpu_seconds(pid_t process);
// The same of the kernel's ksoftirqd threads: network work that no process was charged for.
double softirq_thread_seconds();

uint64_t resident_bytes_of(pid_t process);  // of memory, as top shows it

// From now on the calling thread, and what it starts, runs on this core only. No such core:
// nothing.
void pin_to_core(int core);

}  // namespace fanfare::bench
