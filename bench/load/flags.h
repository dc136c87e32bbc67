// bench/load/flags.h: `--name value` words of the command line.
//
// A value. Asking for a flag states its default; what nobody asked for is a fault at the end.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

namespace fanfare::bench {

class Flags {
 public:
  // Ends the program with exit code 2 and a message on a word that is no flag or lacks its value.
  explicit Flags(std::span<const char* const> words);

  std::string text(const std::string& name, const std::string& otherwise);
  uint32_t count(const std::string& name, uint32_t otherwise);
  double number(const std::string& name, double otherwise);
  // Ends the program if a flag was given that nobody asked for.
  void refuse_unknown() const;

 private:
  std::map<std::string, std::string> given_;
  std::set<std::string> asked_;
};

// Ends the program: `fanfare-bench: <message>`.
[[noreturn]] void fail(const std::string& message, int exit_code = 1);

}  // namespace fanfare::bench
