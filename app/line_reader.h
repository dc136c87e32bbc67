// app/line_reader.h: lines of a descriptor as they come: at once when they trickle, many when they
// gush.
//
// Thread: one; blocks. Borrows its descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "app/client_socket.h"

namespace fanfare {

enum class LineFit : uint8_t { whole, cut };  // cut: longer than line_bytes_max, the rest is gone
struct InputLine {
  uint64_t number = 0;  // from 1
  std::string text;     // without its line end (LF, or CR LF)
  LineFit fit = LineFit::whole;
};

class LineReader {
 public:
  static constexpr std::size_t line_bytes_max = 8 << 20;

  LineReader(int input, Interrupt interrupt) : input_(input), interrupt_(interrupt) {}

  // Waits until there is a line; appends it and what else is there without waiting, until the
  // limits are reached (the last line may pass bytes_max). The last line of all may lack its end.
  // What is appended counts whatever is returned: `end` may come with lines.
  enum class Take : uint8_t { lines, end, interrupted, failed };
  Take take(std::vector<InputLine>& out, std::size_t lines_max, std::size_t bytes_max);

  int error() const { return error_; }  // errno, after `failed`

 private:
  void split(std::string_view piece);
  void finish_line();

  const int input_;
  const Interrupt interrupt_;
  std::deque<InputLine> ready_;  // read and not yet taken
  InputLine partial_{1, {}, LineFit::whole};
  bool has_partial_ = false;
  bool is_over_ = false;
  int error_ = 0;
};

}  // namespace fanfare
