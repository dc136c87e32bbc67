// bench/suite/poster.h: one connection that publishes: says what it is given, and hands on the
// answers. Connects again when the server ends a connection between two requests.
//
// Thread: its loop's.   Owned by: PublisherPart, which outlives it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "bench/load/loop.h"
#include "bench/suite/dialect.h"

namespace fanfare::bench {

// Events of one request, until it is answered.
struct InFlight {
  std::size_t place = 0;  // topic * sources + source
  uint32_t first = 0;     // sequence
  uint32_t events = 1;
  uint8_t stage = 0;
  Instant due{};
};

enum class Fate : uint8_t { accepted, rejected, unanswered };

class Poster;

class PosterSink {
 public:
  virtual ~PosterSink() = default;
  virtual void on_fate(Poster& poster, const InFlight& events, Fate fate) = 0;
};

class Poster final : public Handler {
 public:
  Poster(Loop& loop, PosterSink& sink, const PublishDialect& dialect, uint32_t index)
      : loop_(loop), sink_(sink), dialect_(dialect), index_(index) {}
  ~Poster() override { close(); }
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;

  // Empty, or why not.
  std::string connect();
  bool is_ready() const { return flying_.size() < dialect_.window() && out_.size() < out_max; }
  bool is_connected() const { return descriptor_ >= 0; }
  // Only while is_ready(). `request` may be the text of several events, answered once.
  void post(std::string_view request, const InFlight& events);
  void flush();
  std::size_t flying() const { return flying_.size(); }
  uint32_t index() const { return index_; }

  void on_ready(uint32_t events) override;

 private:
  static constexpr std::size_t out_max = 1u << 16;

  void close();
  void receive();
  void take_answers();
  void lost_connection();

  Loop& loop_;
  PosterSink& sink_;
  const PublishDialect& dialect_;
  const uint32_t index_;
  int descriptor_ = -1;
  bool waits_to_write_ = false;
  std::string out_, in_;
  std::deque<InFlight> flying_;
};

}  // namespace fanfare::bench
