// bench/load/verify_readers.h: streams that join, stall, leave and resume, and tell the ledger what
// each was told.
//
// Owned by: run_verify.
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <string>
#include <vector>

#include "bench/load/ledger.h"
#include "bench/load/reader_set.h"
#include "bench/load/stream_reading.h"
#include "core/random.h"

namespace fanfare::bench {

struct Crowd {
  uint32_t streams = 0;
  uint32_t topics = 1;
  uint32_t pattern_streams = 0;  // of the streams, read every topic
  double late_share = 0.1;       // join while events flow
  double leaves_per_second = 0;
  double stalls_per_second = 0;
  bool gaps_allowed = false;
};

class VerifyReaders final : public Sink {
 public:
  VerifyReaders(Loop& loop, const sockaddr_in& to, const Crowd& crowd, Ledger& ledger,
                Random& random);

  // Opens those that are there from the start; ends the program if that takes too long.
  void open_first();
  void begin(Instant now) { last_churn_ = now; }
  // Some leave, stall or join, by what time has passed.
  void churn(Instant now);
  // Everybody comes back and reads on. True: all are open and have all that is accepted.
  bool gather(Instant now);
  // Says of each who lacks something how it stands.
  void tell_incomplete();
  void end_all();

  uint64_t connections() const { return connections_; }
  uint64_t cut() const { return cut_; }
  uint64_t busy() const { return busy_; }

  void on_head(Reader& reader, std::string_view head) override;
  void on_body(Reader& reader, std::string_view bytes) override;
  void on_end(Reader& reader, std::string_view why) override;

 private:
  struct Client {
    Place place;
    std::string last_id;
    StreamReading reading;
    Instant heard{};  // its last byte
    bool stalled = false;
    bool expects_end = false;  // it was told why its stream ends
  };
  struct Due {
    Instant at;
    uint32_t reader;
    bool operator<(const Due& other) const { return at > other.at; }
  };

  void open(uint32_t reader);
  void leave(Instant now);
  void stall(Instant now);
  void do_due(Instant now);
  void on_block(Client& client, const SseBlock& block);
  void come_back(uint32_t reader, Duration most) {
    due_.push({monotonic_now() + Duration(static_cast<int64_t>(random_.fraction() *
                                                               static_cast<double>(most.count()))),
               reader});
  }

  Loop* loop_;
  const Crowd crowd_;
  Ledger& ledger_;
  Random& random_;
  std::deque<Client> clients_;
  std::priority_queue<Due> due_;  // to come back, or to read on
  Instant last_churn_{};
  double leaves_ = 0, stalls_ = 0, joins_ = 0;
  uint32_t joined_;  // readers below it have been opened
  uint64_t connections_ = 0, cut_ = 0, busy_ = 0;
  ReaderSet readers_;
};

}  // namespace fanfare::bench
