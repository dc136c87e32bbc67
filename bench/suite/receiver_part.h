// bench/suite/receiver_part.h: a process of the generator that reads streams: opens as many as it
// is told, checks and times what comes.
//
// Thread: its own process; talks to the conductor by the Board only.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/load/loop.h"
#include "bench/suite/board.h"
#include "bench/suite/checker.h"
#include "bench/suite/receiver.h"
#include "bench/suite/topic_name.h"

namespace fanfare::bench {

struct ReceiverShare {
  std::size_t group = 0;
  uint32_t first = 0, count = 0;  // of the group's streams
  unsigned source_first = 0;      // its first loopback address
  std::size_t part = 0;           // its place on the board
};

class ReceiverPart final : public ReceiverSink {
 public:
  ReceiverPart(const Plan& plan, Board& board, const SubscribeDialect& dialect,
               const TopicNames& names, const ReceiverShare& share);
  // Until Order::end, or until the parent is gone.
  void run();

 private:
  enum class Pace : uint8_t { eager, stalled, slow };

  void on_open(Receiver& receiver) override;
  void on_read(Receiver& receiver, std::size_t bytes) override;
  void on_event(Receiver& receiver, const Stamp& stamp, std::string_view before) override;
  void on_corrupt(Receiver& receiver, uint32_t events) override;
  void on_end(Receiver& receiver, bool was_open, std::string_view why) override;

  void take_order();
  void step();
  void open_more();
  void open(uint32_t index);
  void close_all();
  void hold_slow_ones();
  void read_slow_ones();
  void churn();
  void count_behind();
  void remember_id(uint32_t topic, uint32_t sequence, std::string_view before);

  uint32_t topic_of(uint32_t index) const { return (share_.first + index) % group_.topics; }
  Pace pace_of(uint32_t index) const;

  const Plan& plan_;
  const Group& group_;
  const ReceiverShare share_;
  const TopicNames names_;
  Board& board_;
  PartTally& tally_;
  uint32_t* const published_;
  Completions& completions_;
  const uint32_t completes_;  // receivers that make an event complete; 0: not counted

  Loop loop_;
  std::deque<Receiver> receivers_;
  Checker checker_;

  std::vector<bool> began_;  // has it been open once?
  uint32_t serial_ = 0;
  Order order_ = Order::rest;
  uint32_t begun_ = 0;           // streams that are to be open
  uint32_t opening_ = 0;         // of them on their way
  std::vector<uint32_t> again_;  // to be opened again, for their servers ended them
  Instant again_at_{};
  bool holds_ = false;
  std::vector<uint32_t> slow_;
  std::size_t next_slow_ = 0;
  Instant slow_due_{}, churn_due_{}, behind_due_{};
  uint32_t next_churned_ = 0;
  Instant read_at_{};  // of the piece whose events are told
  struct LastId {
    uint32_t sequence = 0;
    std::string id;
  };
  std::vector<LastId> last_ids_;  // by topic, where a storm wants them
};

}  // namespace fanfare::bench
