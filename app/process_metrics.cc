// app/process_metrics.cc: /proc/self read and named.
#include "app/process_metrics.h"

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <fmt/core.h>

#include "app/read_file.h"

namespace fanfare {
namespace {

// Fields of /proc/self/stat after the name, which may hold spaces: [0] is the state (proc(5), field
// 3).
std::vector<uint64_t> stat_fields() {
  std::vector<uint64_t> fields;
  const auto text = read_file("/proc/self/stat", 4096);
  if (!text) return fields;
  std::string_view rest = *text;
  rest.remove_prefix(std::min(rest.rfind(')') + 2, rest.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    uint64_t value = 0;
    std::from_chars(rest.data(), rest.data() + end, value);
    fields.push_back(value);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return fields;
}

void append(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            double value) {
  out += fmt::format("# HELP process_{0} {1}\n# TYPE process_{0} {2}\nprocess_{0} {3}\n", name,
                     help, type, value);
}

uint64_t open_descriptors() {
  std::error_code error;
  uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  return count;
}

}  // namespace

std::string process_metrics_text() {
  std::string out;
  const std::vector<uint64_t> stat = stat_fields();
  if (stat.size() > 21) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    append(out, "cpu_seconds_total", "counter", "Processor time, user and system.",
           static_cast<double>(stat[11] + stat[12]) / ticks);
    append(out, "virtual_memory_bytes", "gauge", "Address space.", static_cast<double>(stat[20]));
    append(out, "resident_memory_bytes", "gauge", "Memory in use.",
           static_cast<double>(stat[21]) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    append(out, "threads", "gauge", "Threads.", static_cast<double>(stat[17]));
  }
  append(out, "open_fds", "gauge", "Open descriptors; io_uring's direct ones are not among them.",
         static_cast<double>(open_descriptors()));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    append(out, "max_fds", "gauge", "The most descriptors it may open.",
           static_cast<double>(limit.rlim_cur));
  }
  return out;
}

}  // namespace fanfare
