// broker/subscription.cc: checking, sorting, and questions to the set.
#include "broker/subscription.h"

#include <fmt/core.h>

#include <algorithm>

#include "broker/pattern.h"

namespace fanfare {
namespace {

Fault too_many(std::size_t distinct, std::size_t most) {
  return {.status = 400,
          .slug = slug::too_many_topics,
          .detail = fmt::format("{} topics are asked for; at most {} are allowed in one stream: a "
                                "pattern such as orders/* may stand for many",
                                distinct, most),
          .field = "topic"};
}

}  // namespace

Verdict<Subscription::Ref> Subscription::of(std::span<const std::string_view> names,
                                            std::size_t most) {
  if (names.empty()) {
    return Fault{.status = 400,
                 .slug = slug::bad_topic,
                 .detail = "no topic: say which with topic=, as in /events?topic=orders/*",
                 .field = "topic"};
  }
  for (const std::string_view name : names) {
    if (auto fault = check_pattern(name)) return *std::move(fault);
  }
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::ranges::sort(sorted, [](std::string_view a, std::string_view b) {
    return std::pair(has_wildcard(a), a) < std::pair(has_wildcard(b), b);
  });
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  if (sorted.size() > most) return too_many(sorted.size(), most);
  return Ref(new Subscription(sorted));
}

Subscription::Subscription(std::span<const std::string_view> sorted) {
  std::size_t bytes = 0;
  for (const std::string_view name : sorted) bytes += name.size() + 1;
  key_.reserve(bytes);  // so that the views stay
  names_.reserve(sorted.size());
  for (const std::string_view name : sorted) {
    const std::size_t at = key_.size();
    key_ += name;
    key_ += '\n';
    names_.push_back(std::string_view(key_).substr(at, name.size()));
    if (!has_wildcard(name)) ++exact_count_;
  }
}

bool Subscription::matches(std::string_view topic) const {
  if (std::ranges::binary_search(exact_topics(), topic)) return true;
  return std::ranges::any_of(patterns(),
                             [&](std::string_view p) { return pattern_matches(p, topic); });
}

bool Subscription::covers(std::string_view name) const {
  if (std::ranges::binary_search(exact_topics(), name)) return true;
  return std::ranges::any_of(patterns(),
                             [&](std::string_view p) { return pattern_covers(p, name); });
}

std::optional<std::string_view> Subscription::first_not_covered(const Subscription& wanted) const {
  for (const std::string_view name : wanted.names()) {
    if (!covers(name)) return name;
  }
  return std::nullopt;
}

std::size_t Subscription::memory_bytes() const {
  const std::size_t text = key_.capacity() > 15 ? key_.capacity() + 1 : 0;
  return sizeof *this + text + names_.capacity() * sizeof(std::string_view);
}

}  // namespace fanfare
