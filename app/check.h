// app/check.h: `fanfare check`: is the configuration right, and what holds?
//
// Thread: main's.
#pragma once

#include <optional>
#include <string>

#include "app/load_settings.h"
#include "core/result.h"

namespace fanfare {

// Every setting with its value and where it came from, the keys (never a secret) and the topic
// rules.
std::string show_settings(const LoadedSettings& loaded);

// What holds for one topic, and which rule says so. An error if it is no topic name.
Result<std::string> show_topic_policy(const LoadedSettings& loaded, const std::string& topic);

// Prints to standard output; returns the exit code: 0, or 2 with the fault on standard error.
int run_check(const SettingSources& sources, const std::optional<std::string>& topic);

}  // namespace fanfare
