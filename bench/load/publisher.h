// bench/load/publisher.h: keep-alive connections that post events, each waiting for its answer
// before the next.
//
// Thread: its loop's.   Owned by: a workload.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include <netinet/in.h>

#include "bench/load/loop.h"

namespace fanfare::bench {

class Publisher final : public Handler {
 public:
  using Answer = std::function<void(Publisher&, int status, std::string_view body)>;

  Publisher(Loop& loop, const sockaddr_in& to, uint32_t index, Answer on_answer);
  ~Publisher() override;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Not while an answer is awaited.
  void post(const std::string& path, std::string_view data, std::string_view content_type = {});
  bool is_idle() const { return idle_; }
  uint32_t index() const { return index_; }

  void on_ready(uint32_t events) override;

 private:
  bool take_answer();

  const uint32_t index_;
  const Answer on_answer_;
  int descriptor_ = -1;
  bool idle_ = true;
  std::string request_;
  std::string received_;
};

using Publishers = std::deque<Publisher>;
void add_publishers(Publishers& to, Loop& loop, const sockaddr_in& address, uint32_t count,
                    const Publisher::Answer& on_answer);

}  // namespace fanfare::bench
