// bench/load/ledger.h: what was published, what every stream was told, and whether the two agree.
//
// Owned by: run_verify.   Thread: one.
// An event's place in the truth is known only when its publish is answered, often after its first
// delivery. So a delivery is written down as a claim, «after position P the next of my events is
// N», which costs the same however many streams make it, and the judgement comes at the end: each
// claim is held against all events that were accepted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare::bench {

constexpr uint32_t every_topic = ~uint32_t{0};

// How far one reader has got, over all its connections.
struct Place {
  uint32_t reader = 0;
  uint32_t topic = 0;  // or every_topic
  bool known = false;  // it has been told where it starts
  uint64_t position = 0;
};

class Ledger {
 public:
  explicit Ledger(uint32_t topics) : of_topic_(topics) {}

  // An event that is about to be published; its data are its key and a filling that follows from
  // it.
  uint32_t begin(uint32_t topic, std::size_t filling_bytes);
  std::string data_of(uint32_t key) const;
  uint32_t topic_of(uint32_t key) const { return events_[key].topic; }
  void accepted(uint32_t key, uint64_t number);

  void start(Place& place, uint64_t position);
  void delivered(Place& place, uint64_t number, std::string_view data);
  // Moves the place on without an event: nothing of its topic is up to there.
  void beacon(Place& place, uint64_t number);
  void gap(Place& place, uint64_t number);
  // Has it all, of what is accepted?
  bool is_complete(const Place& place) const;
  // This place says that there is nothing after it.
  void end(const Place& place);

  // Holds all that was said against the truth.
  void judge();

  void fault(std::string what);
  uint64_t faults() const { return faults_; }
  uint64_t deliveries() const { return deliveries_; }
  uint64_t gaps() const { return gaps_.size(); }
  uint64_t accepted_count() const { return accepted_; }

 private:
  struct Event {
    uint32_t topic;
    uint32_t filling_bytes;
    uint64_t number = 0;  // 0: not answered
  };
  // Of all places that went to this number: the one that came from furthest back.
  struct Claim {
    uint64_t after = ~uint64_t{0};
    uint32_t reader = 0;
  };
  struct Numbered {
    uint32_t told_key = none;      // as a stream was told
    uint32_t accepted_key = none;  // as its publisher was told
    Claim of_topic, of_every;
  };
  // «Nothing of this topic is above `after` and up to `upto`», or for a gap: something is.
  struct Stretch {
    uint32_t reader, topic;
    uint64_t after, upto;
  };
  static constexpr uint32_t none = ~uint32_t{0};

  Numbered& at(uint64_t number);
  void judge_claim(const Claim& claim, uint64_t last_before, uint64_t number);
  bool any_in(const Stretch& stretch) const;

  std::vector<Event> events_;                    // by key
  std::vector<Numbered> by_number_;              // by number
  std::vector<uint64_t> last_of_;                // newest accepted number, by topic
  std::vector<std::vector<uint64_t>> of_topic_;  // accepted numbers, ascending; made by judge()
  std::vector<uint64_t> all_;                    // likewise, of every topic
  std::vector<Stretch> nothing_, gaps_;
  uint64_t newest_ = 0;
  uint64_t accepted_ = 0, deliveries_ = 0, faults_ = 0;
};

}  // namespace fanfare::bench
