// bench/load/window.h: a stretch of time and what the server and the generator spent in it.
//
// A value.
#pragma once

#include <sys/types.h>

#include "core/time.h"

namespace fanfare::bench {

class Window {
 public:
  explicit Window(pid_t server);  // begins now

  struct Spent {
    double seconds = 0;
    double server_cpu_s = 0;
    double softirq_cpu_s = 0;
    double generator_cpu_s = 0;
  };
  Spent spent() const;  // so far

 private:
  pid_t server_;
  Instant began_;
  double server_cpu_s_, softirq_cpu_s_, generator_cpu_s_;
};

}  // namespace fanfare::bench
