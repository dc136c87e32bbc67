// tests/fuzz/toml_fuzz.cc: any bytes as a configuration file.
//
// A fault names its line in printable text, and what is taken can be printed and read back as the
// same.
#include <cstdint>
#include <string>

#include "app/check_settings.h"
#include "app/setting_table.h"
#include "app/toml_file.h"
#include "app/toml_settings.h"
#include "core/check.h"

namespace {

using namespace fanfare;

void check_fault(const std::string& fault) {
  CHECK(fault.starts_with("f:"));
  CHECK(fault.size() > 4);
}

void check_round_trip(const Settings& settings) {
  for (const Setting& setting : setting_table()) {
    if (setting.kind == SettingKind::list || setting.kind == SettingKind::text) continue;
    const std::string printed = setting.print(settings);
    Settings copy;
    CHECK(set_setting(copy, setting.name, printed));
    CHECK_EQ(setting.print(copy), printed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const auto root = parse_toml({reinterpret_cast<const char*>(data), size}, "f");
  if (!root) {
    check_fault(root.error());
    return 0;
  }
  Settings settings;
  const auto table = apply_toml(*root, "f", settings, [](const Setting&, const std::string& place) {
    CHECK(place.starts_with("f:"));
  });
  if (!table) check_fault(table.error());
  const auto rules = apply_toml_rules(*root, "f", settings);
  if (!rules) check_fault(rules.error());
  check_round_trip(settings);
  if (const auto done = check_settings(settings); !done) CHECK(!done.error().empty());
  return 0;
}
