// app/check_settings.h: do the settings make sense together, and are the secrets there?
//
// What one value alone can get wrong is checked where it is read (app/setting_table.h). Thread:
// any.
#pragma once

#include "broker/settings.h"
#include "core/result.h"

namespace fanfare {

// Addresses, patterns, origins, limits against one another; and that nobody opens a broker to the
// network without meaning it. Reads no file.
Result<Done> check_settings(const Settings& settings);

// Reads each key's file into its secret, without the white space around it. A publish key becomes
// one more entry of settings.keys that may publish and read everything; that reading is then free
// for all is decided by access_rules_of (broker/access_rules.h). A secret is printable ASCII
// without white space; no two keys may share one.
Result<Done> read_secrets(Settings& settings);

}  // namespace fanfare
