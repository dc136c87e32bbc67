// bench/load/floor_server.cc: the bare loop that the broker is compared with: on the same engine,
// the same bytes, nothing else.
//
// It knows no topics, feeds or history and parses nothing. When all expected streams are open it
// sends a block of
// --block events to each of them, over and over: as a server does that coalesces what so many busy
// publishers have outstanding. A short send is finished when the socket drains, as the broker does
// it.
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/payload.h"
#include "bench/load/workloads.h"
#include "net/engine.h"
#include "net/epoll_engine.h"
#include "net/listener.h"
#if FANFARE_BENCH_URING
#include "net/uring_engine.h"
#endif

namespace fanfare::bench {
namespace {

constexpr std::size_t batch_sends = 32;
// Between polls of the engine; the broker also looks up at least every 500 us.
constexpr std::size_t batches_a_turn = 4;

constexpr std::string_view head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-store, no-transform\r\nTransfer-Encoding: chunked\r\n\r\n";

Result<std::unique_ptr<Engine>> make_engine(const std::string& name, uint32_t capacity) {
  if (name == "epoll") return make_epoll_engine(capacity);
#if FANFARE_BENCH_URING
  if (name == "io_uring") return make_uring_engine(capacity);
#endif
  return Error{"no engine is called '" + name + "' in this build"};
}

// The frames that a broker makes: one chunk an event.
std::string make_block(uint32_t events, std::size_t payload_bytes) {
  std::string block;
  for (uint32_t i = 0; i < events; ++i) {
    const std::string frame = "id: 0123456789abcdef-" + std::to_string(1'000'000 + i) +
                              "\ndata: " + make_payload(payload_bytes) + "\n\n";
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", frame.size());
    block += size + frame + "\r\n";
  }
  return block;
}

class FloorServer {
 public:
  FloorServer(Engine& engine, uint32_t streams, std::string block)
      : engine_(engine), block_(std::move(block)), places_(streams) {
    for (std::size_t at = block_.find("data: "); at != block_.npos;
         at = block_.find("data: ", at + 6)) {
      stamps_.push_back(at + 6);
    }
    for (uint32_t i = 0; i < streams; ++i) engine_.offer({i, 1});
  }

  [[noreturn]] void run() {
    while (open_ < places_.size()) take_ready(monotonic_now() + std::chrono::seconds(1));
    while (true) {
      const Instant now = monotonic_now();
      for (const std::size_t at : stamps_) write_stamp(&block_[at], now);
      sweep();
    }
  }

 private:
  struct Place {
    std::size_t sent = 0;  // of the block that is under way; 0: between two
    bool blocked = false;
  };

  void take_ready(Instant until) {
    for (const Ready& ready : engine_.wait(until, 64)) {
      if (ready.got == Got::accepted) engine_.want_bytes(ready.slot);
      if (ready.got == Got::bytes) open(ready.slot);
      if (ready.got == Got::writable) places_[ready.slot.index].blocked = false;
    }
  }

  void open(Slot slot) {
    Send answer{slot, bytes_of(head)};
    engine_.send(std::span(&answer, 1));
    ++open_;
  }

  void sweep() {
    std::size_t next = 0;
    bool any = false;
    while (next < places_.size()) {
      for (std::size_t i = 0; i < batches_a_turn && next < places_.size(); ++i) {
        next = fill(next);
        any = any || !batch_.empty();
        send_batch();
      }
      take_ready(Instant{});
    }
    if (!any) take_ready(monotonic_now() + std::chrono::milliseconds(10));
  }

  std::size_t fill(std::size_t next) {
    batch_.clear();
    for (; next < places_.size() && batch_.size() < batch_sends; ++next) {
      const Place& place = places_[next];
      if (place.blocked) continue;
      const Slot slot{static_cast<uint32_t>(next), 1};
      batch_.push_back({slot, bytes_of(std::string_view(block_).substr(place.sent))});
    }
    return next;
  }

  void send_batch() {
    if (batch_.empty()) return;
    engine_.send(batch_);
    for (const Send& send : batch_) {
      Place& place = places_[send.slot.index];
      const std::size_t taken = send.result > 0 ? static_cast<std::size_t>(send.result) : 0;
      const bool whole = taken == send.bytes.size();
      place.sent = whole ? 0 : place.sent + taken;
      if (whole) continue;
      place.blocked = true;
      if (send.result > 0 || send.result == -EAGAIN) engine_.want_writable(send.slot);
    }
  }

  Engine& engine_;
  std::string block_;
  std::vector<std::size_t> stamps_;  // where times stand in the block
  std::vector<Place> places_;
  std::vector<Send> batch_;
  std::size_t open_ = 0;
};

}  // namespace

int run_floor_server(Flags& flags) {
  const uint32_t streams = flags.count("streams", 10'000);
  const uint32_t events = flags.count("block", 32);
  const std::size_t payload_bytes = flags.count("bytes", 200);
  const std::string engine_name = flags.text("engine", "epoll");
  flags.refuse_unknown();
  auto engine = make_engine(engine_name, streams);
  if (!engine) fail(engine.error(), 3);
  auto listeners = Listener::open(*SocketAddress::parse("127.0.0.1:0"), 1, ListenerOptions{});
  if (!listeners) fail(listeners.error());
  Listener& listener = *listeners->front();
  (*engine)->listen(listener);
  FloorServer server(**engine, streams, make_block(events, payload_bytes));
  std::printf("ready %s\n", listener.address().url().c_str());
  std::fflush(stdout);
  server.run();
}

}  // namespace fanfare::bench
