// bench/load/report.cc: printing a report.
#include "bench/load/report.h"

#include <cstdio>

namespace fanfare::bench {

void Report::add_raw(std::string_view name, std::string json) {
  rows_.emplace_back(name, std::move(json));
}

void Report::add(std::string_view name, double value) {
  char text[40];
  std::snprintf(text, sizeof text, value < 100 ? "%.4g" : "%.0f", value);
  add_raw(name, text);
}

void Report::add(std::string_view name, std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  add_raw(name, quoted + "\"");
}

std::string Report::json() const {
  std::string out = "{";
  for (const auto& [name, value] : rows_) {
    if (out.size() > 1) out += ",";
    out += "\"" + name + "\":" + value;
  }
  return out + "}";
}

void Report::print(std::string_view output) const {
  if (output == "json") {
    std::printf("%s\n", json().c_str());
  } else {
    for (const auto& [name, value] : rows_)
      std::printf("  %-28s %s\n", name.c_str(), value.c_str());
  }
  std::fflush(stdout);
}

}  // namespace fanfare::bench
