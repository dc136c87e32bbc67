// app/line_reader.cc: a blocking read after a poll: never a wait while a whole line is in hand.
#include "app/line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

namespace fanfare {
namespace {

constexpr std::size_t read_bytes = 65'536;

}  // namespace

void LineReader::finish_line() {
  if (partial_.fit == LineFit::whole && partial_.text.ends_with('\r')) partial_.text.pop_back();
  const uint64_t next = partial_.number + 1;
  ready_.push_back(std::move(partial_));
  partial_ = {next, {}, LineFit::whole};
  has_partial_ = false;
}

void LineReader::split(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    const std::size_t room = line_bytes_max - partial_.text.size();
    partial_.text += part.substr(0, room);
    if (part.size() > room) partial_.fit = LineFit::cut;
    has_partial_ = true;
    if (end == std::string_view::npos) return;
    finish_line();
    piece.remove_prefix(end + 1);
  }
}

LineReader::Take LineReader::take(std::vector<InputLine>& out, std::size_t lines_max,
                                  std::size_t bytes_max) {
  std::size_t lines = 0, bytes = 0;
  std::vector<char> piece(read_bytes);
  while (true) {
    while (!ready_.empty()) {
      if (lines == lines_max || bytes >= bytes_max) return Take::lines;
      ++lines;
      bytes += ready_.front().text.size();
      out.push_back(std::move(ready_.front()));
      ready_.pop_front();
    }
    if (is_over_) return Take::end;
    const Instant deadline = lines == 0 ? never : monotonic_now();
    const SocketEnd end = wait_readable(input_, interrupt_, deadline);
    if (end == SocketEnd::timed_out) return Take::lines;
    if (end == SocketEnd::interrupted) return Take::interrupted;
    const ssize_t got = end == SocketEnd::ok ? read(input_, piece.data(), piece.size()) : -1;
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      error_ = errno;
      return Take::failed;
    }
    if (got > 0) {
      split({piece.data(), static_cast<std::size_t>(got)});
      continue;
    }
    is_over_ = true;
    if (has_partial_) finish_line();
  }
}

}  // namespace fanfare
