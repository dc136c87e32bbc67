// app/machine.h: what this process may use of the machine: cores, memory, descriptors.
//
// Thread: any; reads /proc and /sys. What cannot be read counts as no limit. Containers are limited
// by their cgroup (v2 or v1) and all of its parents, not by the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace fanfare {

// Where the kernel's files are; a test puts a directory of its own before them.
struct MachineRoot {
  std::string path;  // empty: the real one
};

// Cores that the affinity mask allows, cut to the cgroup's quota rounded up; at least 1.
unsigned usable_cores(const MachineRoot& root = {});

// The cgroup's CPU quota in cores; nothing: no quota.
std::optional<double> cgroup_cores(const MachineRoot& root = {});
// The smallest memory limit on the way up; nothing: no limit.
std::optional<uint64_t> cgroup_memory_bytes(const MachineRoot& root = {});
// Of the machine; 0: unknown.
uint64_t machine_memory_bytes(const MachineRoot& root = {});
// What a process here can have: the cgroup's limit or the machine's memory.
uint64_t usable_memory_bytes(const MachineRoot& root = {});

struct DescriptorLimit {
  uint64_t soft = 0, hard = 0;
};
DescriptorLimit descriptor_limit();
// Raises the soft limit to the hard one and says what it is now.
DescriptorLimit raise_descriptor_limit();

// The first number in a file such as /proc/sys/net/core/somaxconn; nothing: unreadable or no
// number.
std::optional<uint64_t> read_kernel_number(const MachineRoot& root, std::string_view path);
// A file's text less the white space at its end; nothing: unreadable.
std::optional<std::string> read_kernel_text(const MachineRoot& root, std::string_view path);

}  // namespace fanfare
