// bench/load/process_stats.cc: reading /proc.
#include "bench/load/process_stats.h"

#include <dirent.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fanfare::bench {
namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The name of a process may hold spaces: fields are counted from behind it.
double cpu_seconds_in(const std::string& stat) {
  const auto end_of_name = stat.rfind(')');
  if (end_of_name == stat.npos) return 0;
  std::istringstream rest(stat.substr(end_of_name + 2));
  std::string field;
  double ticks = 0;
  for (int i = 3; i <= 15 && rest >> field; ++i) {
    if (i >= 14) ticks += std::atof(field.c_str());
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::vector<pid_t> find_softirq_threads() {
  std::vector<pid_t> found;
  DIR* const processes = opendir("/proc");
  if (processes == nullptr) return found;
  while (const dirent* entry = readdir(processes)) {
    const int process = std::atoi(entry->d_name);
    if (process <= 0) continue;
    if (text_of_file("/proc/" + std::to_string(process) + "/comm").starts_with("ksoftirqd/")) {
      found.push_back(process);
    }
  }
  closedir(processes);
  return found;
}

}  // namespace

double cpu_seconds(pid_t process) {
  return cpu_seconds_in(text_of_file("/proc/" + std::to_string(process) + "/stat"));
}

double softirq_thread_seconds() {
  static const std::vector<pid_t> threads = find_softirq_threads();
  double sum = 0;
  for (const pid_t thread : threads) sum += cpu_seconds(thread);
  return sum;
}

uint64_t resident_bytes_of(pid_t process) {
  std::istringstream lines(text_of_file("/proc/" + std::to_string(process) + "/status"));
  std::string name;
  uint64_t kilobytes = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    words >> name >> kilobytes;
    if (name == "VmRSS:") return kilobytes * 1024;
  }
  return 0;
}

void pin_to_core(int core) {
  if (core < 0 || core >= static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN))) return;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(core), &cores);
  sched_setaffinity(0, sizeof cores, &cores);
}

}  // namespace fanfare::bench
