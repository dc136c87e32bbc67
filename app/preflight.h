// app/preflight.h: `fanfare preflight`: does this machine give what the settings need?
//
// Thread: main's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/load_settings.h"
#include "app/machine.h"
#include "broker/settings.h"

namespace fanfare {

enum class Finding : uint8_t { ok, warn, fail };

struct PreflightLine {
  Finding finding{};
  std::string what;  // "descriptors (nofile)"
  std::string here;  // what the machine has
  std::string need;  // what the settings want
  std::string cure;  // empty if ok
};

std::vector<PreflightLine> preflight(const Settings& settings, const MachineRoot& root,
                                     DescriptorLimit descriptors);
std::string show_preflight(const std::vector<PreflightLine>& lines);

// Prints to standard output; returns the exit code: 0, 1 if something would fail, 2 if the settings
// are wrong.
int run_preflight(const SettingSources& sources);

}  // namespace fanfare
