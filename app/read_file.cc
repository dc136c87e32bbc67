// app/read_file.cc: never reads more than it was told to, whatever the file is.
#include "app/read_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fanfare {
namespace {

Error cannot_read(const std::string& path, std::string_view why) {
  return Error{fmt::format("cannot read {}: {}", path, why)};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return cannot_read(path, std::strerror(errno));
  std::string content;
  std::string problem;
  while (true) {
    char part[16384];
    const ssize_t got = read(descriptor, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) problem = std::strerror(errno);
    if (got <= 0) break;
    content.append(part, static_cast<std::size_t>(got));
    if (content.size() > bytes_max) problem = fmt::format("it has more than {} bytes", bytes_max);
    if (!problem.empty()) break;
  }
  close(descriptor);
  if (!problem.empty()) return cannot_read(path, problem);
  return content;
}

}  // namespace fanfare
