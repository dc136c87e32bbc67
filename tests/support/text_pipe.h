// tests/support/text_pipe.h: a pipe for what a program under test reads or writes.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "core/check.h"

namespace fanfare {

class TextPipe {
 public:
  TextPipe() { CHECK_EQ(pipe2(ends_, O_CLOEXEC), 0); }
  ~TextPipe() {
    close_reader();
    close_writer();
  }
  TextPipe(const TextPipe&) = delete;
  TextPipe& operator=(const TextPipe&) = delete;

  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void write(std::string_view text) {
    CHECK_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close_reader() { close_end(ends_[0]); }
  void close_writer() { close_end(ends_[1]); }

  // At least `bytes` of what is written; less if the writer is closed before.
  std::string read(std::size_t bytes) {
    std::string text;
    char part[4096];
    while (text.size() < bytes) {
      const ssize_t got = ::read(ends_[0], part, sizeof part);
      if (got <= 0) break;
      text.append(part, static_cast<std::size_t>(got));
    }
    return text;
  }
  // All until its end; closes the writer first.
  std::string read_all() {
    close_writer();
    return read(std::string::npos);
  }

 private:
  static void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }

  int ends_[2] = {-1, -1};
};

}  // namespace fanfare
