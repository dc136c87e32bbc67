// tests/net/engine_fixture.h: an engine with a listening port, and peers that are plain blocking
// sockets.
#pragma once

#include <cerrno>
#include <chrono>
#include <ctime>
#include <deque>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/engine.h"
#include "net/listener.h"

namespace fanfare {

using namespace std::chrono_literals;

constexpr Duration patience = 10s;  // for what must happen
constexpr Duration silence = 40ms;  // for what must not

struct EngineMaker {
  std::string name;
  std::function<Result<std::unique_ptr<Engine>>(uint32_t)> make;
  friend std::ostream& operator<<(std::ostream& out, const EngineMaker& maker) {
    return out << maker.name;
  }
};

// The far end of a connection. Reads and writes wait, but not for ever.
class Peer {
 public:
  explicit Peer(const SocketAddress& to)
      : socket_(::socket(to.raw()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    EXPECT_EQ(connect(to), 0);
  }
  ~Peer() { close(); }
  Peer(Peer&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Peer& operator=(Peer&&) = delete;

  void send(std::string_view text) const {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Without waiting: how many of the bytes went.
  std::size_t send_some(std::string_view text) const {
    const ssize_t count = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  // Without waiting: what there is.
  std::string read_some() const {
    std::string text(65536, '\0');
    const ssize_t count = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }
  // Up to the end; `error` tells a reset from a clean one.
  std::string read_all(int* error) const {
    std::string text;
    std::string chunk(65536, '\0');
    ssize_t count = 0;
    // A ring that ends sends its makers a signal of the kernel's own.
    while ((count = ::recv(socket_, chunk.data(), chunk.size(), 0)) > 0 ||
           (count < 0 && errno == EINTR)) {
      if (count > 0) text.append(chunk, 0, static_cast<std::size_t>(count));
    }
    *error = count < 0 ? errno : 0;
    return text;
  }
  void finish_sending() const { EXPECT_EQ(::shutdown(socket_, SHUT_WR), 0); }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  SocketAddress own_address() const {
    SocketAddress address;
    socklen_t bytes = SocketAddress::raw_bytes_max;
    ::getsockname(socket_, address.raw(), &bytes);
    address.set_raw_bytes(bytes);
    return address;
  }

 private:
  // A ring that was closed interrupts its maker's calls a moment later: what was begun goes on.
  int connect(const SocketAddress& to) const {
    if (::connect(socket_, to.raw(), to.raw_bytes()) == 0) return 0;
    if (errno != EINTR) return errno;
    pollfd made{socket_, POLLOUT, 0};
    while (::poll(&made, 1, 10'000) < 0 && errno == EINTR) {
    }
    int error = 0;
    socklen_t bytes = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &bytes);
    return error;
  }
  int socket_;
};

// A Ready that outlives its wait().
struct Answer {
  Got got{};
  Slot slot;
  int error = 0;
  std::string bytes;
  bool has_peer = false;
  SocketAddress peer;
  uint32_t listener = 0;
};

// Text that shows where a byte was lost or doubled.
inline std::string pattern(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; i++) text[i] = static_cast<char>('a' + (i / 7 + i) % 26);
  return text;
}

class EngineContract : public testing::TestWithParam<EngineMaker> {
 protected:
  static constexpr uint32_t capacity = 64;

  void SetUp() override {
    engine_ = make();
    if (!engine_) GTEST_SKIP() << GetParam().name << " is not available here";
    listener_ = open("127.0.0.1:0", 1);
    engine_->listen(*listener_);
  }
  void TearDown() override { engine_.reset(); }  // before the listeners

  static std::unique_ptr<Engine> make() {
    auto engine = GetParam().make(capacity);
    return engine ? std::move(*engine) : nullptr;
  }
  static std::unique_ptr<Listener> open(const std::string& text, uint32_t id) {
    ListenerOptions options;
    options.id = id;
    auto listeners = Listener::open(*SocketAddress::parse(text), 1, options);
    EXPECT_TRUE(listeners) << listeners.error();
    return std::move(listeners->front());
  }

  Slot fresh_slot() {
    const uint32_t index = next_index_++ % capacity;
    return {index, ++generation_};
  }

  // The next answer, whatever it is; fails the test if none comes.
  Answer next() { return next_of(*engine_); }
  Answer next_of(Engine& engine, unsigned most = 16) {
    const Instant limit = monotonic_now() + patience;
    while (waiting_.empty() && monotonic_now() < limit) collect(engine, limit, most);
    if (waiting_.empty()) {
      ADD_FAILURE() << "no answer came";
      return {};
    }
    Answer first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }
  Answer expect(Got got, Slot slot) {
    Answer answer = next();
    EXPECT_EQ(static_cast<int>(answer.got), static_cast<int>(got));
    EXPECT_EQ(answer.slot.index, slot.index);
    EXPECT_EQ(answer.slot.generation, slot.generation);
    return answer;
  }
  void collect(Engine& engine, Instant until, unsigned most) {
    const auto answers = engine.wait(until, most);
    EXPECT_LE(answers.size(), most);
    for (const Ready& one : answers) {
      Answer answer{
          one.got, one.slot,    one.error, std::string(text_of(one.bytes)), one.peer != nullptr,
          {},      one.listener};
      if (one.peer) answer.peer = *one.peer;
      waiting_.push_back(std::move(answer));
    }
  }

  // Nothing comes, and waiting for it costs next to nothing: no answer is spun on in secret.
  void expect_silence() {
    const Duration spent_before = thread_time();
    for (int i = 0; i < 3; i++) collect(*engine_, monotonic_now() + silence, 16);
    EXPECT_TRUE(waiting_.empty()) << "unexpected: " << static_cast<int>(waiting_.front().got);
    EXPECT_LT(thread_time() - spent_before, 3 * silence / 2) << "it spins";
  }
  static Duration thread_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec);
  }

  struct Pair {
    Slot slot;
    Peer peer;
  };
  Pair connected() { return connected_to(*listener_); }
  Pair connected_to(const Listener& listener) {
    const Slot slot = fresh_slot();
    engine_->offer(slot);
    Peer peer(listener.address());
    expect(Got::accepted, slot);
    return {slot, std::move(peer)};
  }

  int send(Slot slot, std::string_view text) {
    Send one{slot, bytes_of(text)};
    engine_->send({&one, 1});
    return one.result;
  }
  // Until the kernel takes no more, and moves no more to the peer's side either. Writable is wanted
  // afterwards.
  std::size_t stuff(Slot slot) {
    const std::string chunk(100'000, 'f');
    std::size_t taken = 0;
    do {
      waiting_.clear();
      int result = 0;
      while ((result = send(slot, chunk)) > 0) taken += static_cast<std::size_t>(result);
      EXPECT_EQ(result, -EAGAIN);
      engine_->want_writable(slot);
      collect(*engine_, monotonic_now() + 2 * silence, 16);
    } while (!waiting_.empty() && waiting_.front().got == Got::writable);
    return taken;
  }
  // The peer reads what stuff() sent.
  static void unstuff(const Peer& peer, std::size_t taken) {
    std::size_t read = 0;
    const Instant limit = monotonic_now() + patience;
    while (read < taken && monotonic_now() < limit) read += peer.read_some().size();
    EXPECT_EQ(read, taken);
  }

  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Engine> engine_;
  std::deque<Answer> waiting_;

 private:
  uint32_t next_index_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace fanfare
