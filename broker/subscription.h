// broker/subscription.h: a set of topics and patterns: what a stream reads, or what a grant allows.
//
// Thread: any; immutable once made, shared by count.
// Two requests that ask for the same things in any order, however often, have the same key() and so
// share a feed.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/fault.h"

namespace fanfare {

constexpr std::size_t topics_per_stream_default = 64;

class Subscription {
 public:
  using Ref = std::shared_ptr<const Subscription>;

  // Checks each name, drops doubles, sorts. 400 for a bad name, for none at all, and for more than
  // `most` distinct ones. `names` need not outlive the call.
  static Verdict<Ref> of(std::span<const std::string_view> names, std::size_t most);
  static Verdict<Ref> of(std::string_view name) { return of(std::span(&name, 1), 1); }

  // Sorted, distinct; views into this object.
  std::span<const std::string_view> exact_topics() const {
    return std::span(names_).first(exact_count_);
  }
  std::span<const std::string_view> patterns() const {
    return std::span(names_).subspan(exact_count_);
  }
  std::span<const std::string_view> names() const {
    return names_;
  }  // the exact ones, then the patterns

  // Equal exactly when the sets are: the names, each followed by a line feed.
  const std::string& key() const { return key_; }

  // Reads one topic and no more: its end ends the stream (protocol 3).
  bool is_one_topic() const { return exact_count_ == 1 && names_.size() == 1; }

  bool matches(std::string_view topic) const;

  // As a grant: does one of its names wholly cover `name`, a checked topic or pattern? Sound, not
  // complete: a pattern that only several names together would cover is refused.
  bool covers(std::string_view name) const;

  // The first of `wanted`'s names that this does not cover, for the 403; nullopt: all are covered.
  std::optional<std::string_view> first_not_covered(const Subscription& wanted) const;

  // What it holds in memory, this object and its text, in bytes.
  std::size_t memory_bytes() const;

  Subscription(const Subscription&) = delete;  // the views look into key_
  Subscription& operator=(const Subscription&) = delete;

 private:
  explicit Subscription(std::span<const std::string_view> sorted);

  std::string key_;
  std::vector<std::string_view> names_;
  std::size_t exact_count_ = 0;
};

}  // namespace fanfare
