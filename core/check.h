// core/check.h: checks of our own invariants, on in every build; a failed one prints values and
// aborts.
//
// Never for what a peer, a file or the kernel can cause: those are statuses and Results.
#pragma once

#include <string>
#include <type_traits>

namespace fanfare {

[[noreturn]] void check_failed(const char* file, int line, const char* what,
                               const std::string& values);

// Numbers, types of one number, enumerators and texts. No streams: every file that checks anything
// would pay for them when it is compiled.
template <class T>
std::string show_value(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (requires { std::to_string(value.value); }) {
    return std::to_string(value.value);
  } else {
    return std::string(value);
  }
}

template <class A, class B>
std::string show_values(const A& a, const B& b) {
  return " (" + show_value(a) + " against " + show_value(b) + ")";
}

}  // namespace fanfare

#define CHECK(condition)        \
  (static_cast<bool>(condition) \
       ? static_cast<void>(0)   \
       : ::fanfare::check_failed(__FILE__, __LINE__, #condition, std::string()))

// Compares and, on failure, prints both values.
#define FANFARE_CHECK_OP(op, a, b)                                                              \
  (static_cast<bool>((a)op(b)) ? static_cast<void>(0)                                           \
                               : ::fanfare::check_failed(__FILE__, __LINE__, #a " " #op " " #b, \
                                                         ::fanfare::show_values((a), (b))))
#define CHECK_EQ(a, b) FANFARE_CHECK_OP(==, a, b)
#define CHECK_NE(a, b) FANFARE_CHECK_OP(!=, a, b)
#define CHECK_LE(a, b) FANFARE_CHECK_OP(<=, a, b)
#define CHECK_LT(a, b) FANFARE_CHECK_OP(<, a, b)
#define CHECK_GE(a, b) FANFARE_CHECK_OP(>=, a, b)
