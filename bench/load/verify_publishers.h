// bench/load/verify_publishers.h: what is published while streams are checked: single events and
// batches, written to the ledger when answered.
//
// Owned by: run_verify.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/load/ledger.h"
#include "bench/load/publisher.h"
#include "core/random.h"

namespace fanfare::bench {

struct Flow {
  uint32_t topics = 1;
  uint32_t events = 0;  // in all
  double rate = 0;      // of events a second, unless the broker takes fewer
};

std::string verified_topic(uint32_t topic);

class VerifyPublishers {
 public:
  VerifyPublishers(Loop& loop, const sockaddr_in& to, const Flow& flow, Ledger& ledger,
                   Random& random);

  void begin(Instant now) { began_ = now; }
  // Posts what is due by now.
  void post_due(Instant now);
  bool is_over() const { return begun_ == flow_.events && again_.empty() && under_way_ == 0; }
  uint64_t refused() const { return refused_; }

 private:
  void post(Publisher& publisher, uint32_t most);
  void on_answer(Publisher& publisher, int status, std::string_view body);
  uint32_t next_key();

  const Flow flow_;
  Ledger& ledger_;
  Random& random_;
  Instant began_{};
  uint32_t begun_ = 0;      // events given a key
  uint32_t under_way_ = 0;  // events posted and not answered
  uint64_t refused_ = 0;
  std::deque<uint32_t> again_;                 // keys whose publish was refused for now
  std::vector<std::vector<uint32_t>> posted_;  // keys, by publisher
  Publishers publishers_;
};

}  // namespace fanfare::bench
