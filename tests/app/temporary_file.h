// tests/app/temporary_file.h: a file with a content, gone at the end of its scope.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "core/check.h"

namespace fanfare {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) {
    const int descriptor = mkstemp(path_);
    CHECK(descriptor >= 0);
    CHECK_EQ(write(descriptor, content.data(), content.size()),
             static_cast<ssize_t>(content.size()));
    close(descriptor);
  }
  ~TemporaryFile() { unlink(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/fanfare-test-XXXXXX";
};

}  // namespace fanfare
