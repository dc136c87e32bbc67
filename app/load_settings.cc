// app/load_settings.cc: each source overwrites what the one before it said, row by row.
#include "app/load_settings.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "app/check_settings.h"
#include "app/nearest.h"
#include "app/setting_table.h"
#include "app/toml_settings.h"

namespace fanfare {
namespace {

constexpr std::string_view prefix = "FANFARE_";
constexpr std::string_view config_variable = "FANFARE_CONFIG";

struct Variable {
  std::string_view name, value;
};

Variable split_variable(std::string_view text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  return {text.substr(0, equals), text.substr(std::min(equals + 1, text.size()))};
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

const Setting* find_setting_by_variable(std::string_view name) {
  for (const Setting& setting : setting_table()) {
    if (setting.variable() == name) return &setting;
  }
  return nullptr;
}

Error unknown_variable(std::string_view name) {
  std::vector<std::string> known = {"CONFIG"};
  for (const Setting& setting : setting_table()) {
    known.push_back(setting.variable().substr(prefix.size()));
  }
  return Error{fmt::format("environment: {} is not known{}", name,
                           did_you_mean(name.substr(prefix.size()), known, prefix))};
}

Result<Done> apply_environment(const std::vector<std::string>& environment,
                               LoadedSettings& loaded) {
  for (const std::string& text : environment) {
    const auto [name, value] = split_variable(text);
    if (!name.starts_with(prefix) || name == config_variable) continue;
    const Setting* setting = find_setting_by_variable(name);
    if (setting == nullptr) {
      if (is_service_variable(name, value)) continue;
      return unknown_variable(name);
    }
    if (value.empty()) continue;  // as if it were not set
    const auto done = set_setting(loaded.settings, setting->name, value);
    if (!done) return Error{fmt::format("environment: {}: {}", name, done.error())};
    loaded.origins[setting->name] = name;
  }
  return Done();
}

Result<Done> apply_flags(const std::vector<FlagValues>& flags, LoadedSettings& loaded) {
  for (const FlagValues& flag : flags) {
    const Setting* setting = find_setting_by_name(flag.name);
    if (setting == nullptr) return Error{fmt::format("--{} is not known", flag.name)};
    const auto done = setting->parse(loaded.settings, flag.values);
    if (!done) return Error{fmt::format("{}: {}", setting->flag(), done.error())};
    loaded.origins[setting->name] = setting->flag();
  }
  return Done();
}

std::string config_file_of(const SettingSources& sources) {
  if (sources.config_file) return *sources.config_file;
  for (const std::string& text : sources.environment) {
    const auto [name, value] = split_variable(text);
    if (name == config_variable) return std::string(value);
  }
  return {};
}

}  // namespace

bool is_service_variable(std::string_view name, std::string_view value) {
  if (name.ends_with("_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos) {
    return true;
  }
  if (name.ends_with("_PORT") && value.find("://") != value.npos) return true;
  const std::size_t at =
      name.rfind("_PORT_");  // ..._PORT_8080_TCP, and with _ADDR, _PORT or _PROTO
  if (at == std::string_view::npos) return false;
  std::string_view rest = name.substr(at + 6);
  const std::size_t digits = std::min(rest.find('_'), rest.size());
  if (!all_digits(rest.substr(0, digits))) return false;
  rest.remove_prefix(digits);
  return rest.starts_with("_TCP") || rest.starts_with("_UDP") || rest.starts_with("_SCTP");
}

std::vector<std::string> environment_of_process() {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

Result<LoadedSettings> load_settings(const SettingSources& sources) {
  LoadedSettings loaded;
  loaded.config_file = config_file_of(sources);
  TomlValue root;
  if (!loaded.config_file.empty()) {
    auto read = read_toml_file(loaded.config_file);
    if (!read) return Error{read.error()};
    root = std::move(*read);
  }
  const auto seen = [&](const Setting& setting, std::string place) {
    loaded.origins[setting.name] = std::move(place);
  };
  Settings& settings = loaded.settings;
  if (auto done = apply_toml(root, loaded.config_file, settings, seen); !done) {
    return Error{done.error()};
  }
  if (auto done = apply_environment(sources.environment, loaded); !done) return Error{done.error()};
  if (auto done = apply_flags(sources.flags, loaded); !done) return Error{done.error()};
  if (auto done = apply_toml_rules(root, loaded.config_file, settings); !done) {
    return Error{done.error()};
  }
  if (auto done = check_settings(settings); !done) return Error{done.error()};
  if (auto done = read_secrets(settings); !done) return Error{done.error()};
  return loaded;
}

}  // namespace fanfare
