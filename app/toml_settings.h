// app/toml_settings.h: settings out of a TOML tree, with [[key]] and [[topic]], which only a file
// can hold.
//
// Thread: any; pure functions. Every error begins with the place: "fanfare.toml:7: ".
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/setting_table.h"
#include "app/toml_file.h"
#include "broker/settings.h"
#include "core/result.h"

namespace fanfare {

// Told of each row that the file sets, and where: "fanfare.toml:7".
using SettingSeen = std::function<void(const Setting&, std::string place)>;

// The rows of the table. Unknown names are errors.
Result<Done> apply_toml(const TomlValue& root, std::string_view file, Settings& settings,
                        const SettingSeen& seen);

// [[key]] and [[topic]]. To be called when all other settings are as they will be: what a [[topic]]
// does not name is as in settings.topic_defaults.
Result<Done> apply_toml_rules(const TomlValue& root, std::string_view file, Settings& settings);

}  // namespace fanfare
