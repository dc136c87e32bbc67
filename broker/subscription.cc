// broker/subscription.cc: checking, sorting, and questions to the set.
#include "broker/subscription.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <vector>

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
  return make(sorted);
}

Subscription::Ref Subscription::make(std::span<const std::string_view> sorted) {
  std::size_t key_bytes = 0;
  for (const std::string_view name : sorted) key_bytes += name.size() + 1;
  const std::size_t views_bytes = sorted.size() * sizeof(std::string_view);
  void* const memory = ::operator new(sizeof(Subscription) + views_bytes + key_bytes);
  auto* const made = new (memory) Subscription();
  made->count_ = static_cast<uint32_t>(sorted.size());
  made->key_bytes_ = static_cast<uint32_t>(key_bytes);
  auto* const views = reinterpret_cast<std::string_view*>(made + 1);
  char* text = reinterpret_cast<char*>(views + sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::string_view name = sorted[i];
    std::memcpy(text, name.data(), name.size());
    text[name.size()] = '\n';
    new (views + i) std::string_view(text, name.size());
    text += name.size() + 1;
    if (!has_wildcard(name)) ++made->exact_count_;
  }
  return Ref(made);
}

void Subscription::destroy() const {
  this->~Subscription();
  ::operator delete(const_cast<void*>(static_cast<const void*>(this)));
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
  return sizeof *this + count_ * sizeof(std::string_view) + key_bytes_;
}

}  // namespace fanfare
