// core/check.cc: the last words of a broken invariant.
#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace fanfare {

void check_failed(const char* file, int line, const char* what, const std::string& values) {
  std::fprintf(stderr, "fanfare: %s:%d: broken invariant: %s%s\n", file, line, what,
               values.c_str());
  std::abort();
}

}  // namespace fanfare
