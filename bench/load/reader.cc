// bench/load/reader.cc: the life of a reader's socket.
#include "bench/load/reader.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "bench/load/flags.h"
#include "core/bytes.h"

namespace fanfare::bench {
namespace {

// One for all readers: what is read is looked at before the next read.
constexpr std::size_t buffer_bytes = 256_KiB;
std::array<char, buffer_bytes> buffer;  // NOLINT: of the one thread that a generator process has

}  // namespace

void Reader::open(const sockaddr_in& to, unsigned source, std::string request, int receive_bytes) {
  close();
  descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) fail(std::string("no socket for a reader: ") + std::strerror(errno));
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (receive_bytes > 0) {
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + source);
  if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
    fail(std::string("cannot bind a source address: ") + std::strerror(errno));
  }
  opening_ = std::make_unique<std::string>(std::move(request));
  state_ = State::connecting;
  reading_ = Reading::eager;
  if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
      errno != EINPROGRESS) {
    end(std::strerror(errno));
    return;
  }
  loop_.add(descriptor_, EPOLLOUT, *this);
}

void Reader::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  state_ = State::closed;
  opening_.reset();
}

void Reader::reset() {
  if (descriptor_ < 0) return;
  const linger at_once{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Reader::set_reading(Reading reading) {
  reading_ = reading;
  // Without EPOLLIN, a hang-up is still told.
  if (descriptor_ >= 0) loop_.change(descriptor_, reading == Reading::eager ? EPOLLIN : 0u, *this);
}

void Reader::end(std::string_view why) {
  close();
  sink_.on_end(*this, why);
}

void Reader::on_ready(uint32_t events) {
  if (state_ == State::closed) return;
  if (state_ == State::connecting) {
    ask();
  } else if ((events & EPOLLIN) != 0) {
    receive();
  } else {
    end("hung up");
  }
}

void Reader::ask() {
  int error = 0;
  socklen_t bytes = sizeof error;
  getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &bytes);
  if (error != 0) return end(std::strerror(error));
  const ssize_t sent = send(descriptor_, opening_->data(), opening_->size(), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
  if (sent != static_cast<ssize_t>(opening_->size())) return end("the request was not taken");
  opening_->clear();
  state_ = State::asked;
  loop_.change(descriptor_, EPOLLIN, *this);
}

void Reader::receive() {
  if (descriptor_ < 0) return;
  const ssize_t got = recv(descriptor_, buffer.data(), buffer_bytes, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return end(got == 0 ? "ended" : std::strerror(errno));
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (state_ == State::open) {
    sink_.on_body(*this, bytes);
  } else {
    take_head(bytes);
  }
}

void Reader::stamp_arrivals() {
  const int on = 1;
  setsockopt(descriptor_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

std::optional<WallTime> Reader::drain() {
  std::optional<WallTime> arrived;
  while (descriptor_ >= 0) {
    alignas(cmsghdr) std::array<char, 256> control{};
    iovec into{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &into;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(descriptor_, &message, 0) <= 0) break;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
      timespec at{};
      std::memcpy(&at, CMSG_DATA(c), sizeof at);
      arrived =
          WallTime(std::chrono::seconds(at.tv_sec) + std::chrono::microseconds(at.tv_nsec / 1000));
    }
  }
  return arrived;
}

void Reader::take_head(std::string_view bytes) {
  opening_->append(bytes);
  const auto end_of_head = opening_->find("\r\n\r\n");
  if (end_of_head == std::string::npos) return;
  const std::unique_ptr<std::string> text = std::move(opening_);
  const std::string_view head = std::string_view(*text).substr(0, end_of_head + 2);
  if (!head.starts_with("HTTP/1.1 200")) return end(head.substr(0, head.find('\r')));
  state_ = State::open;
  sink_.on_head(*this, head);
  const std::string_view body = std::string_view(*text).substr(end_of_head + 4);
  if (!body.empty() && state_ == State::open) sink_.on_body(*this, body);
}

}  // namespace fanfare::bench
