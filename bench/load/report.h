// bench/load/report.h: what one measurement found: names and values, printed for people and as
// JSON.
//
// A value.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fanfare::bench {

class Report {
 public:
  void add(std::string_view name, double value);
  template <std::integral N>
  void add(std::string_view name, N value) {
    add_raw(name, std::to_string(value));
  }
  void add(std::string_view name, std::string_view text);  // of letters, digits and punctuation

  // A table on standard output, or one line of JSON with `--output json`.
  void print(std::string_view output) const;
  std::string json() const;

 private:
  void add_raw(std::string_view name, std::string json);

  std::vector<std::pair<std::string, std::string>> rows_;
};

}  // namespace fanfare::bench
