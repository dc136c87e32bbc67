// bench/load/window.cc: differences of processor times.
#include "bench/load/window.h"

#include <unistd.h>

#include "bench/load/process_stats.h"

namespace fanfare::bench {

Window::Window(pid_t server)
    : server_(server),
      began_(monotonic_now()),
      server_cpu_s_(cpu_seconds(server)),
      softirq_cpu_s_(softirq_thread_seconds()),
      generator_cpu_s_(cpu_seconds(getpid())) {}

Window::Spent Window::spent() const {
  Spent spent;
  spent.seconds = std::chrono::duration<double>(monotonic_now() - began_).count();
  spent.server_cpu_s = cpu_seconds(server_) - server_cpu_s_;
  spent.softirq_cpu_s = softirq_thread_seconds() - softirq_cpu_s_;
  spent.generator_cpu_s = cpu_seconds(getpid()) - generator_cpu_s_;
  return spent;
}

}  // namespace fanfare::bench
