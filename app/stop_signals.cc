// app/stop_signals.cc: the handler writes one byte into a pipe; nothing else is safe there.
#include "app/stop_signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/check.h"

namespace fanfare {
namespace {

int stop_writer = -1;

void on_signal(int) {
  const int kept = errno;
  const char byte = 0;
  // A full pipe is readable already.
  [[maybe_unused]] const ssize_t written = write(stop_writer, &byte, 1);
  errno = kept;
}

}  // namespace

int stop_descriptor_of_signals() {
  CHECK_EQ(stop_writer, -1);
  int ends[2];
  CHECK_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  stop_writer = ends[1];
  struct sigaction action {};
  action.sa_handler = on_signal;
  // Not SA_RESTART: a write to a reader that rests is to end.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM}) CHECK_EQ(sigaction(number, &action, nullptr), 0);
  std::signal(SIGPIPE, SIG_IGN);
  return ends[0];
}

}  // namespace fanfare
