// broker/access_rules.h: the settings' keys, names and origins as rules that requests are held
// against.
#pragma once

#include "broker/access.h"
#include "broker/settings.h"

namespace fanfare {

// The settings have been checked (app/check_settings.h): every name in them is a topic or a
// pattern.
AccessRules access_rules_of(const Settings& settings);

}  // namespace fanfare
