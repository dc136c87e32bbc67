// bench/suite/receiver.h: one stream: connects, asks, and hands on the events that come.
//
// Thread: its loop's.   Owned by: ReceiverPart, which outlives it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/load/loop.h"
#include "bench/suite/dialect.h"
#include "bench/suite/event_scanner.h"

namespace fanfare::bench {

class Receiver;

// What becomes of it all. One for many receivers.
class ReceiverSink {
 public:
  virtual ~ReceiverSink() = default;
  virtual void on_open(Receiver& receiver) = 0;
  virtual void on_read(Receiver& receiver, std::size_t bytes) = 0;  // before its events
  // `before`: what stood before it in the same piece.
  virtual void on_event(Receiver& receiver, const Stamp& stamp, std::string_view before) = 0;
  virtual void on_corrupt(Receiver& receiver, uint32_t events) = 0;
  // Refused, reset or ended by the server; the receiver is closed.
  virtual void on_end(Receiver& receiver, bool was_open, std::string_view why) = 0;
};

class Receiver final : public Handler {
 public:
  Receiver(Loop& loop, ReceiverSink& sink, const SubscribeDialect& dialect, uint32_t index)
      : loop_(loop), sink_(sink), dialect_(dialect), index_(index) {}
  ~Receiver() override { close(); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // `source`: which of 127.0.0.2, 127.0.0.3 ... it comes from. `receive_bytes`: SO_RCVBUF; 0: the
  // kernel's choice.
  void open(unsigned source, const Subscription& subscription, int receive_bytes);
  void close();
  // From now on nothing is read but by read_some(); a hang-up is still seen.
  void hold();
  void read_some(std::size_t bytes_max);

  uint32_t index() const { return index_; }
  bool is_open() const { return state_ == State::open; }
  bool is_closed() const { return state_ == State::closed; }

  void on_ready(uint32_t events) override;

 private:
  enum class State : uint8_t { closed, connecting, asked, open };

  // What is needed until the stream is open.
  struct Start {
    std::string request, after_opening, received;
  };

  void ask();
  void take(std::string_view bytes);
  void take_opening(std::string_view bytes);
  void take_body(std::string_view bytes);
  void end(std::string_view why);

  Loop& loop_;
  ReceiverSink& sink_;
  const SubscribeDialect& dialect_;
  const uint32_t index_;
  int descriptor_ = -1;
  State state_ = State::closed;
  uint32_t life_ = 0;  // grows with each opening: an event may close the stream it came from
  std::unique_ptr<Start> start_;
  Unframer unframer_;
  EventScanner scanner_;
};

}  // namespace fanfare::bench
