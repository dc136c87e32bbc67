// bench/load/reader.h: one stream as its reader sees it: connects, asks, and hands on the bytes of
// the answer's body.
//
// Thread: its loop's.   Owned by: ReaderSet.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <netinet/in.h>

#include "bench/load/loop.h"
#include "core/time.h"

namespace fanfare::bench {

class Reader;

// What becomes of bytes. One for many readers.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on_head(Reader& reader, std::string_view head) = 0;  // a 200's; the stream is open
  virtual void on_body(Reader& reader, std::string_view bytes) = 0;
  // Refused, reset or ended; the reader is closed.
  virtual void on_end(Reader& reader, std::string_view why) = 0;
};

enum class Reading : uint8_t {
  eager,  // whatever comes
  never   // nothing after the head
};

class Reader final : public Handler {
 public:
  Reader(Loop& loop, Sink& sink, uint32_t index) : loop_(loop), sink_(sink), index_(index) {}
  ~Reader() override { close(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // `source`: which of 127.0.0.2, 127.0.0.3 ... it comes from. `receive_bytes`: SO_RCVBUF; 0: the
  // kernel's choice.
  void open(const sockaddr_in& to, unsigned source, std::string request, int receive_bytes = 0);
  void close();  // at once, whatever was on its way
  // Closes with a reset, as a client that dies does.
  void reset();
  void set_reading(Reading reading);

  // From now on the kernel notes when bytes arrive.
  void stamp_arrivals();
  // Reads all that is there and throws it away; when the last of it arrived, if there was any.
  std::optional<WallTime> drain();

  uint32_t index() const { return index_; }
  bool is_open() const { return state_ == State::open; }
  bool is_closed() const { return state_ == State::closed; }

  void on_ready(uint32_t events) override;

 private:
  enum class State : uint8_t { closed, connecting, asked, open };

  void ask();
  void receive();
  void take_head(std::string_view bytes);
  void end(std::string_view why);

  Loop& loop_;
  Sink& sink_;
  uint32_t index_;
  int descriptor_ = -1;
  State state_ = State::closed;
  Reading reading_ = Reading::eager;
  std::unique_ptr<std::string> opening_;  // the request, then what has come of the head
};

}  // namespace fanfare::bench
