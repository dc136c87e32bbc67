// bench/suite/publisher_part.h: a process of the generator that publishes: by schedule, or as fast
// as answers come.
//
// Thread: its own process; talks to the conductor by the Board only.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/load/loop.h"
#include "bench/suite/board.h"
#include "bench/suite/poster.h"
#include "bench/suite/schedule.h"
#include "bench/suite/topic_name.h"

namespace fanfare::bench {

struct PublisherShare {
  std::size_t group = 0;
  std::size_t part = 0;  // its place on the board
};

class PublisherPart final : public PosterSink {
 public:
  PublisherPart(const Plan& plan, Board& board, const PublishDialect& dialect,
                const TopicNames& names, const PublisherShare& share);
  void run();

 private:
  // A publisher's place: its topics are index, index + publishers, ...; where there is one topic,
  // it is a source of it.
  struct Turn {
    Schedule schedule;
    uint32_t next_topic;
    Instant free_since;  // its latest answer
  };

  void on_fate(Poster& poster, const InFlight& events, Fate fate) override;
  void take_order();
  bool publishes() const;  // in this stage
  // Posts what is due; when the next is.
  Instant post_due(Instant now);
  void post_closed();
  void post_missed();
  void post(Poster& poster, Instant due);
  void connect_lost();
  void tell_how_many_wait();

  const Plan& plan_;
  const Group& group_;
  const TopicNames names_;
  Board& board_;
  PartTally& tally_;
  uint32_t* const published_;
  const PublishDialect& dialect_;

  Loop loop_;
  std::deque<Poster> posters_;
  std::vector<Turn> turns_;
  std::vector<uint32_t> next_;  // sequences by place
  uint32_t serial_ = 0;
  Order order_ = Order::rest;
  uint32_t stage_number_ = 0;
  const Stage* stage_ = nullptr;
  Instant began_{};
  Instant connect_due_{};
  uint32_t missed_left_ = 0;  // of a storm
  std::string data_, request_;
  std::vector<std::string> batch_;
};

}  // namespace fanfare::bench
