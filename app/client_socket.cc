// app/client_socket.cc: non-blocking calls with a poll before each repetition.
#include "app/client_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "core/check.h"

namespace fanfare {
namespace {

// Rounded up, so that a wait does not end a little before its time. In pieces of a day at most.
int milliseconds_until(Instant deadline) {
  const Duration left = deadline - monotonic_now();
  if (left <= Duration::zero()) return 0;
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24);
  if (left >= longest) return static_cast<int>(longest.count());
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

constexpr short has_ended = POLLERR | POLLHUP | POLLNVAL;

// Polls `descriptor` (-1: only waits). A descriptor of -1 is passed over by poll.
SocketEnd poll_until(int descriptor, short events, const Interrupt& interrupt, Instant deadline) {
  pollfd polled[] = {
      {descriptor, events, 0}, {interrupt.readable, POLLIN, 0}, {interrupt.broken, 0, 0}};
  while (true) {
    const int ready = poll(polled, 3, milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) return SocketEnd::failed;
    if (ready > 0 && (polled[1].revents != 0 || (polled[2].revents & has_ended) != 0)) {
      return SocketEnd::interrupted;
    }
    if (ready > 0 && polled[0].revents != 0) return SocketEnd::ok;
    if (monotonic_now() >= deadline) return SocketEnd::timed_out;
  }
}

}  // namespace

bool sleep_unless(const Interrupt& interrupt, Duration time) {
  const Instant until = monotonic_now() + time;
  return poll_until(-1, 0, interrupt, until) != SocketEnd::interrupted;
}

SocketEnd wait_readable(int descriptor, const Interrupt& interrupt, Instant deadline) {
  return poll_until(descriptor, POLLIN, interrupt, deadline);
}

SocketEnd ClientSocket::fail(int error) {
  error_ = std::strerror(error);
  if (!error_.empty() && error_[0] >= 'A' && error_[0] <= 'Z') {
    error_[0] = static_cast<char>(error_[0] - 'A' + 'a');  // it stands within a sentence
  }
  return SocketEnd::failed;
}

void ClientSocket::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

SocketEnd ClientSocket::wait(short events, Instant deadline) {
  const SocketEnd end = poll_until(descriptor_, events, interrupt_, deadline);
  return end == SocketEnd::failed ? fail(errno) : end;
}

SocketEnd ClientSocket::connect(const BrokerAddress& address, Instant deadline) {
  close();
  if (address.is_unix()) {
    sockaddr_un raw{};
    raw.sun_family = AF_UNIX;
    CHECK(address.socket_path.size() < sizeof raw.sun_path);
    std::memcpy(raw.sun_path, address.socket_path.data(), address.socket_path.size());
    return connect_to(&raw, sizeof raw, AF_UNIX, deadline);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (code != 0) {
    error_ = code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code);
    error_ = "the host name was not found (" + error_ + ")";
    return SocketEnd::failed;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, freeaddrinfo);
  SocketEnd end = SocketEnd::failed;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    end = connect_to(one->ai_addr, one->ai_addrlen, one->ai_family, deadline);
    if (end != SocketEnd::failed) return end;
  }
  return end;
}

SocketEnd ClientSocket::connect_to(const void* address, std::size_t bytes, int family,
                                   Instant deadline) {
  close();
  descriptor_ = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return fail(errno);
  const auto* raw = static_cast<const sockaddr*>(address);
  int result = 0;
  SocketEnd end = SocketEnd::ok;
  if (::connect(descriptor_, raw, static_cast<socklen_t>(bytes)) < 0) {
    result = errno;
    // A Unix socket with a full queue says EAGAIN, and is not connecting then.
    if (result == EINPROGRESS || result == EINTR) {
      end = wait(POLLOUT, deadline);
      socklen_t size = sizeof result;
      if (end == SocketEnd::ok &&
          getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &result, &size) < 0) {
        result = errno;
      }
    }
  }
  if (end == SocketEnd::ok && result != 0) end = fail(result);
  if (end != SocketEnd::ok) {
    close();
    return end;
  }
  const int on = 1;
  if (family != AF_UNIX) setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return SocketEnd::ok;
}

SocketEnd ClientSocket::send_all(std::string_view bytes, Instant deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(errno);
    if (const SocketEnd end = wait(POLLOUT, deadline); end != SocketEnd::ok) return end;
  }
  return SocketEnd::ok;
}

SocketEnd ClientSocket::receive(std::span<char> into, Instant deadline, std::size_t& got) {
  got = 0;
  while (true) {
    // Before each read, so that a stream which never pauses can still be interrupted.
    if (const SocketEnd end = wait(POLLIN, deadline); end != SocketEnd::ok) return end;
    const ssize_t count = recv(descriptor_, into.data(), into.size(), 0);
    if (count == 0) return SocketEnd::closed;
    if (count > 0) {
      got = static_cast<std::size_t>(count);
      return SocketEnd::ok;
    }
    if (errno != EINTR && errno != EAGAIN) return fail(errno);
  }
}

bool ClientSocket::is_quiet() const {
  if (!is_open()) return false;
  pollfd polled{descriptor_, POLLIN, 0};
  return poll(&polled, 1, 0) == 0;
}

}  // namespace fanfare
