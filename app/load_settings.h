// app/load_settings.h: the settings as they take effect: flags over environment over a TOML file
// over defaults.
//
// Thread: any; reads files. Called at start, at a reload (with the same sources) and by `fanfare
// check`.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/settings.h"
#include "core/result.h"

namespace fanfare {

// One flag of the command line with all its values, in order.
struct FlagValues {
  std::string name;  // a row's name, without "--"
  std::vector<std::string> values;
};

struct SettingSources {
  std::vector<FlagValues> flags;
  std::vector<std::string>
      environment;  // "NAME=value", all of the process; names of others are passed over
  std::optional<std::string> config_file;  // --config; nothing: FANFARE_CONFIG
};

struct LoadedSettings {
  Settings settings;
  std::map<std::string, std::string>
      origins;  // by a row's name: "fanfare.toml:7", "FANFARE_LOG", "--log"; others: default
  std::string config_file;  // empty: none
};

// Reads all sources, then the secrets, then checks the whole (app/check_settings.h). An error names
// the setting, its place and the cure.
Result<LoadedSettings> load_settings(const SettingSources& sources);

// The environment of this process.
std::vector<std::string> environment_of_process();

// Kubernetes and Docker set variables for each service, and so for one that is called "fanfare":
// FANFARE_PORT, FANFARE_SERVICE_HOST, FANFARE_PORT_8080_TCP_ADDR... They are not ours.
bool is_service_variable(std::string_view name, std::string_view value);

}  // namespace fanfare
