// bench/load/driver.cc: deciding which publisher posts when.
#include "bench/load/driver.h"

#include <algorithm>

#include "bench/load/payload.h"

namespace fanfare::bench {
namespace {

const std::string path = "/topics/bench";

Duration seconds_flag(Flags& flags, const std::string& name, Duration otherwise) {
  const double value = flags.number(name, std::chrono::duration<double>(otherwise).count());
  return Duration(static_cast<int64_t>(value * 1e9));
}

}  // namespace

Load load_of(Flags& flags, const Load& otherwise) {
  Load load;
  load.streams = flags.count("streams", otherwise.streams);
  load.publishers = flags.count("publishers", otherwise.publishers);
  load.payload_bytes = flags.count("bytes", static_cast<uint32_t>(otherwise.payload_bytes));
  load.payload_bytes = std::max(load.payload_bytes, payload_bytes_min);
  load.rate = flags.number("rate", otherwise.rate);
  load.warm_up = seconds_flag(flags, "warm-up", otherwise.warm_up);
  load.measured = seconds_flag(flags, "seconds", otherwise.measured);
  return load;
}

Driver::Driver(Loop& loop, const sockaddr_in& to, const Load& load)
    : loop_(loop), load_(load), data_(make_payload(load.payload_bytes)) {
  add_publishers(publishers_, loop, to, load.publishers,
                 [this](Publisher& publisher, int status, std::string_view) {
                   (status == 200 ? accepted : refused) += 1;
                   if (busy_) post(publisher);
                 });
}

void Driver::post(Publisher& publisher) {
  write_stamp(data_.data(), monotonic_now());
  publisher.post(path, data_);
}

void Driver::post_what_is_due() {
  const auto interval = Duration(static_cast<int64_t>(1e9 / load_.rate));
  while (next_due_ <= monotonic_now()) {
    // In turn: a connection that never asks for anything is closed by the broker.
    std::size_t looked_at = 0;
    while (!publishers_[next_publisher_ % publishers_.size()].is_idle()) {
      ++next_publisher_;
      if (++looked_at == publishers_.size()) return;
    }
    // The time it should have gone: what it waited here counts as latency.
    write_stamp(data_.data(), next_due_);
    publishers_[next_publisher_++ % publishers_.size()].post(path, data_);
    next_due_ += interval;
  }
}

void Driver::run(Duration time) {
  const Instant until = monotonic_now() + time;
  busy_ = load_.rate <= 0;
  next_due_ = monotonic_now();
  for (Publisher& publisher : publishers_) {
    if (busy_ && publisher.is_idle()) post(publisher);
  }
  turn_until(loop_, until, [&] {
    if (load_.rate > 0) post_what_is_due();
    return false;
  });
}

void Driver::publish_one(std::size_t bytes) {
  busy_ = false;
  Publisher& publisher = publishers_.front();
  publisher.post(path, make_payload(bytes));
  const Instant until = monotonic_now() + std::chrono::seconds(20);
  if (!turn_until(loop_, until, [&] { return publisher.is_idle(); })) fail("a POST got no answer");
}

}  // namespace fanfare::bench
