// broker/subscription.h: a set of topics and patterns: what a stream reads, or what a grant allows.
//
// Thread: any; immutable once made, shared by count. One allocation: a stream with a topic of its
// own has one of these. Two requests that ask for the same things in any order, however often, have
// the same key() and so share a feed.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "broker/fault.h"

namespace fanfare {

constexpr std::size_t topics_per_stream_default = 64;

class Subscription {
 public:
  using Ref = boost::intrusive_ptr<const Subscription>;

  // Checks each name, drops doubles, sorts. 400 for a bad name, for none at all, and for more than
  // `most` distinct ones. `names` need not outlive the call.
  static Verdict<Ref> of(std::span<const std::string_view> names, std::size_t most);
  static Verdict<Ref> of(std::string_view name) { return of(std::span(&name, 1), 1); }

  // Sorted, distinct; views into this object.
  std::span<const std::string_view> exact_topics() const { return names().first(exact_count_); }
  std::span<const std::string_view> patterns() const { return names().subspan(exact_count_); }
  // The exact ones, then the patterns.
  std::span<const std::string_view> names() const {
    return {reinterpret_cast<const std::string_view*>(this + 1), count_};
  }

  // Equal exactly when the sets are: the names, each followed by a line feed.
  std::string_view key() const {
    return {reinterpret_cast<const char*>(names().data() + count_), key_bytes_};
  }

  // Reads one topic and no more: its end ends the stream (protocol 3).
  bool is_one_topic() const { return exact_count_ == 1 && count_ == 1; }

  bool matches(std::string_view topic) const;

  // As a grant: does one of its names wholly cover `name`, a checked topic or pattern? Sound, not
  // complete: a pattern that only several names together would cover is refused.
  bool covers(std::string_view name) const;

  // The first of `wanted`'s names that this does not cover, for the 403; nullopt: all are covered.
  std::optional<std::string_view> first_not_covered(const Subscription& wanted) const;

  // What it holds in memory, this object, its views and its text, in bytes.
  std::size_t memory_bytes() const;

  Subscription(const Subscription&) = delete;  // the views look into what lies behind it
  Subscription& operator=(const Subscription&) = delete;

 private:
  static Ref make(std::span<const std::string_view> sorted);
  Subscription() = default;
  ~Subscription() = default;
  friend void intrusive_ptr_add_ref(const Subscription* s) {
    s->references_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(const Subscription* s) {
    if (s->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) s->destroy();
  }
  void destroy() const;

  // Behind it: the views, then the key that they look into.
  mutable std::atomic<uint32_t> references_{0};
  uint32_t count_ = 0;
  uint32_t exact_count_ = 0;
  uint32_t key_bytes_ = 0;
};
static_assert(sizeof(Subscription) % alignof(std::string_view) == 0);

}  // namespace fanfare
