// broker/fault.h: what a peer did wrong, written for the person who can mend it; a route makes a
// problem of it.
//
// Never for our own mistakes (CHECK) nor for the world's at start (Result).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/check.h"

namespace fanfare {

struct Fault {
  uint16_t status = 400;
  std::string_view slug = {};  // static text, /problems/<slug>: one of those below
  std::string detail = {};  // what is wrong and what to change; valid UTF-8, no control characters
  std::optional<uint64_t> line = {};   // NDJSON: from 1, empty lines counted
  std::optional<uint64_t> index = {};  // JSON array: from 0
  std::string field = {};  // the member, query parameter or header at fault; empty: none
};

// Every slug that the files of names and bodies use.
namespace slug {
constexpr std::string_view bad_topic = "bad-topic";                // 400
constexpr std::string_view bad_pattern = "bad-pattern";            // 400
constexpr std::string_view reserved_topic = "reserved-topic";      // 403
constexpr std::string_view too_many_topics = "too-many-topics";    // 400
constexpr std::string_view bad_json = "bad-json";                  // 400
constexpr std::string_view bad_member = "bad-member";              // 400
constexpr std::string_view bad_text = "bad-text";                  // 400
constexpr std::string_view bad_parameter = "bad-parameter";        // 400
constexpr std::string_view bad_header = "bad-header";              // 400
constexpr std::string_view empty_batch = "empty-batch";            // 400
constexpr std::string_view too_large = "too-large";                // 413
constexpr std::string_view unsupported_type = "unsupported-type";  // 415
}  // namespace slug

// A value, or the Fault that says why there is none.
template <class T>
class [[nodiscard]] Verdict {
 public:
  Verdict(T value) : held_(std::move(value)) {}      // NOLINT: implicit, like Result
  Verdict(Fault fault) : held_(std::move(fault)) {}  // NOLINT

  bool has_value() const { return held_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& operator*() {
    CHECK(has_value());
    return *std::get_if<0>(&held_);
  }
  const T& operator*() const {
    CHECK(has_value());
    return *std::get_if<0>(&held_);
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  const Fault& fault() const {
    CHECK(!has_value());
    return *std::get_if<1>(&held_);
  }

 private:
  std::variant<T, Fault> held_;
};

}  // namespace fanfare
