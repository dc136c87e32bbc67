// app/nearest.cc: the distance of two names is the number of slips between them.
#include "app/nearest.h"

#include <algorithm>
#include <vector>

namespace fanfare {
namespace {

constexpr std::size_t name_bytes_max = 64;  // longer ones are no slip of a name of ours

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view wrong, std::span<const std::string> known) {
  if (wrong.size() > name_bytes_max) return {};
  std::size_t best = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  std::string nearest;
  for (const std::string& name : known) {
    const std::size_t slips = distance(wrong, name);
    if (slips >= best || slips >= name.size()) continue;
    best = slips;
    nearest = name;
  }
  return nearest;
}

std::string did_you_mean(std::string_view wrong, std::span<const std::string> known,
                         std::string_view prefix) {
  const std::string nearest = nearest_name(wrong, known);
  if (nearest.empty()) return {};
  return " (did you mean " + std::string(prefix) + nearest + "?)";
}

}  // namespace fanfare
