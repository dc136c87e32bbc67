// tests/support/scripted_server.h: a server of one thread that does what a test tells it,
// connection by connection.
//
// Each connection runs the next step of the script (the last one again when they are used up).
// Notes may be used from the test's thread and the server's.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/check.h"

namespace fanfare {

// What steps write down, for tests to read or wait for.
class ScriptedNotes {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return notes_;
  }
  // False: not within ten seconds.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return notes_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> notes_;
};

// One connection, in the server's thread.
class ScriptedConnection {
 public:
  ScriptedConnection(int descriptor, int stop, ScriptedNotes& notes)
      : descriptor_(descriptor), stop_(stop), notes_(notes) {}

  void note(std::string text) { notes_.add(std::move(text)); }

  // Head and body (by Content-Length) of the next request; empty when the client has gone.
  std::string read_request() {
    std::size_t wanted = std::string::npos;
    while (true) {
      if (const auto end = in_.find("\r\n\r\n"); end != std::string::npos) {
        wanted = end + 4 + content_length(in_.substr(0, end));
        if (in_.size() >= wanted) break;
      }
      if (!read_more()) return {};
    }
    std::string request = in_.substr(0, wanted);
    in_.erase(0, wanted);
    return request;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void answer(unsigned status, std::string_view body, std::string_view fields = {}) {
    send("HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body));
  }
  // As a broker begins one: the connection is for this stream alone.
  void begin_stream() {
    send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
  }
  void send_chunk(std::string_view bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    send(size + std::string(bytes) + "\r\n");
  }
  void end_stream() { send("0\r\n\r\n"); }
  // Until the client closes, or the server is to end.
  void wait_for_close() {
    while (read_more()) in_.clear();
  }
  // So that the client sees a reset, not an orderly end.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  static std::size_t content_length(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }
  bool read_more() {
    pollfd polled[] = {{descriptor_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(polled, 2, -1) < 0 || polled[1].revents != 0) return false;
    char part[65536];
    const ssize_t got = recv(descriptor_, part, sizeof part, 0);
    if (got <= 0) return false;
    in_.append(part, static_cast<std::size_t>(got));
    return true;
  }

  const int descriptor_;
  const int stop_;
  ScriptedNotes& notes_;
  std::string in_;
};

class ScriptedServer {
 public:
  using Step = std::function<void(ScriptedConnection&)>;

  // On 127.0.0.1 and a port of the kernel's choice; or on a Unix socket.
  explicit ScriptedServer(std::vector<Step> steps, std::string socket_path = {})
      : steps_(std::move(steps)), socket_path_(std::move(socket_path)) {
    CHECK_EQ(pipe(stop_), 0);
    socket_path_.empty() ? listen_tcp() : listen_unix();
    thread_ = std::thread([this] { run(); });
  }
  ~ScriptedServer() {
    close(stop_[1]);
    thread_.join();
    close(stop_[0]);
    close(listener_);
    if (!socket_path_.empty()) unlink(socket_path_.c_str());
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::vector<std::string> notes() const { return notes_.all(); }
  bool wait_for_notes(std::size_t count) { return notes_.wait_for(count); }

 private:
  void listen_tcp() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    CHECK_EQ(bind(listener_, raw, size), 0);
    CHECK_EQ(listen(listener_, 16), 0);
    CHECK_EQ(getsockname(listener_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  void listen_unix() {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    CHECK(socket_path_.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
    CHECK_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    CHECK_EQ(listen(listener_, 16), 0);
  }
  void run() {
    for (std::size_t at = 0;; ++at) {
      pollfd polled[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
      if (poll(polled, 2, -1) < 0 || polled[1].revents != 0) return;
      const int descriptor = accept(listener_, nullptr, nullptr);
      if (descriptor < 0) continue;
      ScriptedConnection connection(descriptor, stop_[0], notes_);
      steps_[std::min(at, steps_.size() - 1)](connection);
      close(descriptor);
    }
  }

  const std::vector<Step> steps_;
  const std::string socket_path_;
  int stop_[2] = {-1, -1};
  int listener_ = -1;
  uint16_t port_ = 0;
  ScriptedNotes notes_;
  std::thread thread_;
};

}  // namespace fanfare
