// bench/suite/receiver.cc: the life of a stream's socket.
#include "bench/suite/receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/bytes.h"

namespace fanfare::bench {
namespace {

// One for all receivers of a process: what is read is looked at before the next read.
constexpr std::size_t buffer_bytes = 256_KiB;
std::array<char, buffer_bytes> buffer;  // NOLINT
StampReader reader;                     // NOLINT: of all receivers, too

constexpr uint8_t websocket_pong = 10;

}  // namespace

void Receiver::open(unsigned source, const Subscription& subscription, int receive_bytes) {
  close();
  ++life_;
  const SocketTarget& to = dialect_.to();
  descriptor_ = socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return end(std::strerror(errno));
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (receive_bytes > 0) {
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  sockaddr_in server{};
  std::memcpy(&server, &to.address, sizeof server);
  if (ntohl(server.sin_addr.s_addr) >> 24 == 127) {
    // A port can be used once from each address: many addresses, many streams.
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + source);
    if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
      return end(std::strerror(errno));
    }
  }
  start_ = std::make_unique<Start>();
  start_->request = dialect_.request(subscription);
  start_->after_opening = dialect_.after_opening(subscription);
  state_ = State::connecting;
  if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&to.address), to.length) != 0 &&
      errno != EINPROGRESS) {
    return end(std::strerror(errno));
  }
  loop_.add(descriptor_, EPOLLOUT, *this);
}

void Receiver::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  state_ = State::closed;
  start_.reset();
  scanner_.forget();
}

void Receiver::hold() {
  if (descriptor_ >= 0) loop_.change(descriptor_, 0, *this);
}

void Receiver::end(std::string_view why) {
  const std::string reason(why);
  const bool was_open = is_open();
  close();
  sink_.on_end(*this, was_open, reason);
}

void Receiver::on_ready(uint32_t events) {
  if (state_ == State::closed) return;
  if (state_ == State::connecting) {
    ask();
  } else if ((events & EPOLLIN) != 0) {
    read_some(buffer_bytes);
  } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    end("hung up");
  }
}

void Receiver::ask() {
  int error = 0;
  socklen_t bytes = sizeof error;
  getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &bytes);
  if (error != 0) return end(std::strerror(error));
  const std::string& request = start_->request;
  const ssize_t sent = send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
  if (sent != static_cast<ssize_t>(request.size())) return end("the request was not taken");
  state_ = State::asked;
  loop_.change(descriptor_, EPOLLIN, *this);
}

void Receiver::read_some(std::size_t bytes_max) {
  if (descriptor_ < 0) return;
  const ssize_t got = recv(descriptor_, buffer.data(), std::min(bytes_max, buffer_bytes), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return end(got == 0 ? "ended by the server" : std::strerror(errno));
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  sink_.on_read(*this, bytes.size());
  if (is_open()) {
    take_body(bytes);
  } else {
    take_opening(bytes);
  }
}

void Receiver::take_opening(std::string_view bytes) {
  start_->received.append(bytes);
  const Opening opening = dialect_.read_opening(start_->received);
  if (opening.state == Opening::State::more) return;
  if (opening.state == Opening::State::refused) return end(opening.why);
  const std::unique_ptr<Start> start = std::move(start_);
  state_ = State::open;
  unframer_.begin(opening.framing);
  if (!start->after_opening.empty()) {
    send(descriptor_, start->after_opening.data(), start->after_opening.size(), MSG_NOSIGNAL);
  }
  const uint32_t life = life_;
  sink_.on_open(*this);
  if (life == life_ && is_open()) {
    take_body(std::string_view(start->received).substr(opening.used));
  }
}

void Receiver::take_body(std::string_view bytes) {
  const uint32_t life = life_;
  const auto alive = [&] { return life == life_ && is_open(); };
  const Flow flow = unframer_.feed(bytes, [&](std::string_view body) {
    if (!alive()) return;
    const uint32_t corrupt =
        scanner_.scan(reader, body, [&](const Stamp& stamp, std::string_view before) {
          if (alive()) sink_.on_event(*this, stamp, before);
        });
    if (corrupt > 0) sink_.on_corrupt(*this, corrupt);
  });
  if (!alive()) return scanner_.forget();  // the rest was the closed stream's
  if (flow != Flow::goes_on) return end(flow == Flow::ended ? why_ended(bytes) : "broken frames");
  if (unframer_.has_ping()) {
    const std::string pong = websocket_frame(websocket_pong, unframer_.take_ping());
    send(descriptor_, pong.data(), pong.size(), MSG_NOSIGNAL);
  }
}

}  // namespace fanfare::bench
