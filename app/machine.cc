// app/machine.cc: cgroup v2 has one tree; v1 has one for each controller. Both are asked, and the
// tighter limit counts.
#include "app/machine.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "app/read_file.h"

namespace fanfare {
namespace {

constexpr std::size_t kernel_file_bytes_max = 65536;

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end != 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<int64_t> number_of(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

// The directories of this process' cgroup in the tree of `controller` ("" is v2), from its own up
// to the root. In a container /proc/self/cgroup may name a path that is not mounted there: the root
// is always asked too.
std::vector<std::string> cgroup_directories(const MachineRoot& root, std::string_view controller) {
  const std::string tree =
      controller.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + std::string(controller);
  std::vector<std::string> directories;
  const auto list = read_kernel_text(root, "/proc/self/cgroup");
  for (const std::string& line : split(list.value_or(""), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const auto names = split(std::string_view(line).substr(first + 1, second - first - 1), ',');
    const bool ours = controller.empty()
                          ? names.empty()
                          : std::find(names.begin(), names.end(), controller) != names.end();
    if (!ours) continue;
    for (std::string path = line.substr(second + 1); path.size() > 1;
         path.resize(path.rfind('/') == path.npos ? 0 : path.rfind('/'))) {
      directories.push_back(tree + path);
    }
  }
  directories.push_back(tree);
  return directories;
}

template <class T>
void tighten(std::optional<T>& least, T value) {
  if (!least || value < *least) least = value;
}

std::optional<double> quota_of(const std::string& quota, const std::string& period) {
  const auto part = number_of(quota), whole = number_of(period);
  if (!part || !whole || *part <= 0 || *whole <= 0) return std::nullopt;  // "max" and -1: no limit
  return static_cast<double>(*part) / static_cast<double>(*whole);
}

unsigned affinity_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
  // More processors than the set has room for.
  return static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace

std::optional<std::string> read_kernel_text(const MachineRoot& root, std::string_view path) {
  auto text = read_file(root.path + std::string(path), kernel_file_bytes_max);
  if (!text) return std::nullopt;
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  return *text;
}

std::optional<uint64_t> read_kernel_number(const MachineRoot& root, std::string_view path) {
  const auto text = read_kernel_text(root, path);
  const auto number = text ? number_of(*text) : std::nullopt;
  if (!number || *number < 0) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

std::optional<double> cgroup_cores(const MachineRoot& root) {
  std::optional<double> least;
  for (const std::string& directory : cgroup_directories(root, "")) {
    const auto parts = split(read_kernel_text(root, directory + "/cpu.max").value_or(""), ' ');
    if (parts.size() != 2) continue;
    if (const auto cores = quota_of(parts[0], parts[1])) tighten(least, *cores);
  }
  for (const std::string& directory : cgroup_directories(root, "cpu")) {
    const auto quota = read_kernel_text(root, directory + "/cpu.cfs_quota_us");
    const auto period = read_kernel_text(root, directory + "/cpu.cfs_period_us");
    if (const auto cores = quota_of(quota.value_or(""), period.value_or(""))) {
      tighten(least, *cores);
    }
  }
  return least;
}

unsigned usable_cores(const MachineRoot& root) {
  const unsigned allowed = std::max(1U, affinity_cores());
  const auto quota = cgroup_cores(root);
  if (!quota || *quota >= allowed) return allowed;
  return std::max(1U, static_cast<unsigned>(std::ceil(*quota)));
}

std::optional<uint64_t> cgroup_memory_bytes(const MachineRoot& root) {
  std::optional<uint64_t> least;
  for (const std::string& directory : cgroup_directories(root, "")) {
    if (const auto bytes = read_kernel_number(root, directory + "/memory.max")) {
      tighten(least, *bytes);
    }
  }
  for (const std::string& directory : cgroup_directories(root, "memory")) {
    const auto bytes = read_kernel_number(root, directory + "/memory.limit_in_bytes");
    // v1 says "no limit" with a number near 2^63.
    if (bytes && *bytes < uint64_t{1} << 62) tighten(least, *bytes);
  }
  return least;
}

uint64_t machine_memory_bytes(const MachineRoot& root) {
  for (const std::string& line :
       split(read_kernel_text(root, "/proc/meminfo").value_or(""), '\n')) {
    const auto parts = split(line, ' ');
    if (parts.size() < 2 || parts[0] != "MemTotal:") continue;
    return static_cast<uint64_t>(number_of(parts[1]).value_or(0)) * 1024;
  }
  return 0;
}

uint64_t usable_memory_bytes(const MachineRoot& root) {
  const uint64_t machine = machine_memory_bytes(root);
  const auto limit = cgroup_memory_bytes(root);
  if (!limit) return machine;
  return machine == 0 ? *limit : std::min(*limit, machine);
}

DescriptorLimit descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  return {limit.rlim_cur, limit.rlim_max};
}

DescriptorLimit raise_descriptor_limit() {
  const DescriptorLimit limit = descriptor_limit();
  const rlimit raised{limit.hard, limit.hard};
  if (limit.soft < limit.hard) setrlimit(RLIMIT_NOFILE, &raised);
  return descriptor_limit();
}

}  // namespace fanfare
