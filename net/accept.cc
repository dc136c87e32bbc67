// net/accept.cc: which of the formats that can be given a client likes best (RFC 9110, 12.5.1).
#include "net/http.h"

#include <algorithm>

namespace fanfare {
namespace {

std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

// Thousandths: "0.8" is 800. What is no weight counts as 0.
unsigned weight_of(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  unsigned weight = text[0] == '1' ? 1000 : 0;
  unsigned unit = 100;
  for (std::size_t i = 2; i < text.size() && i < 5; ++i, unit /= 10) {
    if (text[1] != '.' || text[i] < '0' || text[i] > '9') return 0;
    weight += unit * static_cast<unsigned>(text[i] - '0');
  }
  return std::min(weight, 1000u);
}

// How exactly a media range names a type: 3 itself, 2 "text/*", 1 "*/*", 0 not at all.
unsigned exactness(std::string_view range, std::string_view type) {
  if (same_name(range, type)) return 3;
  if (range == "*/*" || range == "*") return 1;
  const std::size_t slash = type.find('/');
  const bool group = range.size() == slash + 2 && range.ends_with("/*") &&
                     same_name(range.substr(0, slash), type.substr(0, slash));
  return group ? 2 : 0;
}

unsigned weight_for(std::string_view accept, std::string_view type) {
  unsigned best = 0, weight = 0;
  while (!accept.empty()) {
    std::string_view parameters = cut(accept, ',');
    const unsigned exact = exactness(trimmed(cut(parameters, ';')), type);
    unsigned q = 1000;
    while (!parameters.empty()) {
      const std::string_view parameter = trimmed(cut(parameters, ';'));
      if (parameter.size() > 2 && same_name(parameter.substr(0, 2), "q="))
        q = weight_of(parameter.substr(2));
    }
    if (exact > best) {
      best = exact;
      weight = q;
    }
  }
  return weight;
}

}  // namespace

std::optional<std::size_t> choose_media(std::string_view accept,
                                        std::span<const std::string_view> offers) {
  if (trimmed(accept).empty()) return offers.empty() ? std::nullopt : std::optional<std::size_t>(0);
  std::optional<std::size_t> chosen;
  unsigned highest = 0;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const unsigned weight = weight_for(accept, offers[i]);
    if (weight > highest) {
      highest = weight;
      chosen = i;
    }
  }
  return chosen;
}

}  // namespace fanfare
