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

// What is known beyond the settings' values.
struct PreflightFacts {
  enum class StreamsMax : uint8_t { by_default, asked_for };
  StreamsMax streams_max = StreamsMax::by_default;  // asked for: what cannot be held is a failure
  std::string engine, engine_reason;                // as tried here; empty: not tried
};

std::vector<PreflightLine> preflight(const Settings& settings, const MachineRoot& root,
                                     DescriptorLimit descriptors, const PreflightFacts& facts = {});
std::string show_preflight(const std::vector<PreflightLine>& lines);

// Prints to standard output; returns the exit code: 0, 1 if something would fail, 2 if the settings
// are wrong.
int run_preflight(const SettingSources& sources);

}  // namespace fanfare
