// core/result.h: a value, or an error written for the person who can mend it.
//
// For what the world can do wrong at start (bind, read a file, parse settings). What a peer does
// wrong is an enum or a Problem; what we do wrong is a CHECK.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/check.h"

namespace fanfare {

struct Error {
  std::string message;  // one sentence: what is wrong, and what to change
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}              // NOLINT: implicit, like std::expected
  Result(Error error) : error_(std::move(error.message)) {}  // NOLINT

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }
  T& operator*() {
    CHECK(has_value());
    return *value_;
  }
  const T& operator*() const {
    CHECK(has_value());
    return *value_;
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  const std::string& error() const { return error_; }

 private:
  std::optional<T> value_;
  std::string error_;
};

// What a Result of nothing holds: `Result<Done>`.
struct Done {};

}  // namespace fanfare
