// net/uring_probe.cc: one connection to ourselves through an io_uring engine, step by step.
#include <algorithm>
#include <cerrno>
#include <string>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/engine_choice.h"
#include "net/listener.h"
#include "net/uring_engine.h"

namespace fanfare {
namespace {

constexpr Duration step_time_max = std::chrono::seconds(1);
constexpr Slot probe_slot{1, 7};

class UringProbe {
 public:
  UringProbe() = default;
  ~UringProbe() { close_client(); }
  UringProbe(const UringProbe&) = delete;
  UringProbe& operator=(const UringProbe&) = delete;

  // Empty, or what did not work.
  std::string run();

 private:
  bool open();
  bool accepts();
  bool receives();
  bool sends_in_full();
  bool sends_short_until_full();
  bool tells_when_writable();
  bool wakes();
  bool tells_a_hang_up();
  bool survives_a_broken_pipe();
  bool closes();

  bool answers(Got got);
  int send(std::size_t bytes);
  void close_client();

  std::string fault_;  // with words of its own
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Engine> engine_;
  int client_ = -1;
  Ready answer_;
  const std::string text_ = std::string(1 << 20, 'p');
  std::size_t taken_ = 0;
};

std::string UringProbe::run() {
  struct Step {
    bool (UringProbe::*works)();
    const char* name;
  };
  static constexpr Step steps[] = {
      {&UringProbe::open, "opening"},
      {&UringProbe::accepts, "accepting"},
      {&UringProbe::receives, "receiving"},
      {&UringProbe::sends_in_full, "sending"},
      {&UringProbe::sends_short_until_full, "sending to a slow reader"},
      {&UringProbe::tells_when_writable, "waiting for a slow reader"},
      {&UringProbe::wakes, "waking"},
      {&UringProbe::tells_a_hang_up, "hearing a hang-up"},
      {&UringProbe::survives_a_broken_pipe, "sending to a reader that is gone"},
      {&UringProbe::closes, "closing"},
  };
  for (const Step& step : steps) {
    if ((this->*step.works)()) continue;
    return fault_.empty() ? fmt::format("io_uring does not work here ({} failed)", step.name)
                          : fault_;
  }
  return {};
}

bool UringProbe::open() {
  auto engine = make_uring_engine(4);
  if (!engine) {
    fault_ = engine.error();
    return false;
  }
  engine_ = std::move(*engine);
  auto listeners = Listener::open(*SocketAddress::parse("127.0.0.1:0"), 1, {});
  if (!listeners) {
    fault_ = fmt::format("io_uring could not be tried ({})", listeners.error());
    return false;
  }
  listener_ = std::move(listeners->front());
  engine_->listen(*listener_);
  return true;
}

// The next answer is this one, and about our connection.
bool UringProbe::answers(Got got) {
  const Instant limit = monotonic_now() + step_time_max;
  while (monotonic_now() < limit) {
    const auto ready = engine_->wait(limit, 1);
    if (ready.empty()) continue;
    answer_ = ready[0];
    return answer_.got == got && (got == Got::woken || answer_.slot == probe_slot);
  }
  return false;
}

int UringProbe::send(std::size_t bytes) {
  Send one{probe_slot, bytes_of(text_).first(bytes)};
  engine_->send({&one, 1});
  return one.result;
}

bool UringProbe::accepts() {
  engine_->offer(probe_slot);
  client_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{1, 0};
  ::setsockopt(client_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(client_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // of connect() too
  const SocketAddress& to = listener_->address();
  if (::connect(client_, to.raw(), to.raw_bytes()) != 0 || !answers(Got::accepted)) return false;
  SocketAddress own;
  socklen_t bytes = SocketAddress::raw_bytes_max;
  if (::getsockname(client_, own.raw(), &bytes) != 0) return false;
  own.set_raw_bytes(bytes);
  return answer_.peer != nullptr && answer_.peer->text() == own.text();
}

bool UringProbe::receives() {
  engine_->want_bytes(probe_slot);
  if (::send(client_, "ping", 4, MSG_NOSIGNAL) != 4) return false;
  return answers(Got::bytes) && text_of(answer_.bytes) == "ping";
}

bool UringProbe::sends_in_full() {
  char received[4] = {};
  return send(4) == 4 && ::recv(client_, received, sizeof received, MSG_WAITALL) == 4;
}

bool UringProbe::sends_short_until_full() {
  bool was_short = false;
  for (int i = 0; i < 64; i++) {
    const int result = send(text_.size());
    if (result == -EAGAIN) return was_short;
    if (result <= 0) return false;
    was_short = was_short || static_cast<std::size_t>(result) < text_.size();
    taken_ += static_cast<std::size_t>(result);
  }
  return false;
}

// Not while the reader sleeps, but when it has read; and every byte that was taken is there.
bool UringProbe::tells_when_writable() {
  engine_->want_writable(probe_slot);
  if (!engine_->wait(Instant::min(), 1).empty()) return false;
  std::string received(1 << 16, ' ');
  while (taken_ > 0) {
    const ssize_t count = ::recv(client_, received.data(), std::min(received.size(), taken_), 0);
    if (count <= 0) return false;
    taken_ -= static_cast<std::size_t>(count);
  }
  return answers(Got::writable);
}

bool UringProbe::wakes() {
  engine_->waker()->wake();
  return answers(Got::woken);
}

bool UringProbe::tells_a_hang_up() {
  engine_->want_hangup(probe_slot);
  if (!engine_->wait(Instant::min(), 1).empty()) return false;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(client_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close_client();
  return answers(Got::hung_up);
}

bool UringProbe::survives_a_broken_pipe() {
  const int result = send(4);
  return result == -EPIPE || result == -ECONNRESET;
}

bool UringProbe::closes() {
  engine_->close(probe_slot, CloseHow::now);
  if (!answers(Got::closed)) return false;
  engine_->unlisten(*listener_);
  return true;
}

void UringProbe::close_client() {
  if (client_ >= 0) ::close(client_);
  client_ = -1;
}

}  // namespace

std::string probe_uring() {
  return UringProbe().run();
}

}  // namespace fanfare
