// bench/load/flags.cc: reading `--name value`.
#include "bench/load/flags.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace fanfare::bench {

void fail(const std::string& message, int exit_code) {
  std::fprintf(stderr, "fanfare-bench: %s\n", message.c_str());
  std::exit(exit_code);
}

Flags::Flags(std::span<const char* const> words) {
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string word = words[i];
    if (!word.starts_with("--")) fail("'" + word + "' is no flag; flags begin with --", 2);
    if (i + 1 == words.size()) fail(word + " lacks its value", 2);
    given_[word.substr(2)] = words[i + 1];
  }
}

std::string Flags::text(const std::string& name, const std::string& otherwise) {
  asked_.insert(name);
  const auto found = given_.find(name);
  return found == given_.end() ? otherwise : found->second;
}

double Flags::number(const std::string& name, double otherwise) {
  const std::string value = text(name, "");
  if (value.empty()) return otherwise;
  double parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size() || parsed < 0) {
    fail("--" + name + " wants a number that is not negative, not '" + value + "'", 2);
  }
  return parsed;
}

uint32_t Flags::count(const std::string& name, uint32_t otherwise) {
  const double value = number(name, otherwise);
  if (value > 4e9) fail("--" + name + " is too large", 2);
  return static_cast<uint32_t>(value);
}

void Flags::refuse_unknown() const {
  for (const auto& [name, value] : given_) {
    if (!asked_.contains(name)) fail("unknown flag --" + name, 2);
  }
}

}  // namespace fanfare::bench
