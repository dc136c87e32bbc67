// bench/suite/poster.cc: requests out, answers in.
#include "bench/suite/poster.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fanfare::bench {

std::string Poster::connect() {
  close();
  const SocketTarget& to = dialect_.to();
  descriptor_ = socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* address = reinterpret_cast<const sockaddr*>(&to.address);
  if (::connect(descriptor_, address, to.length) != 0) {
    const std::string why = std::strerror(errno);
    close();
    return why;
  }
  loop_.add(descriptor_, EPOLLIN, *this);
  out_ = dialect_.greeting() + out_;
  return {};
}

void Poster::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  waits_to_write_ = false;
  in_.clear();
}

void Poster::post(std::string_view request, const InFlight& events) {
  out_ += request;
  flying_.push_back(events);
  if (dialect_.window() == 1) flush();
}

void Poster::flush() {
  if (out_.empty() || descriptor_ < 0) return;
  const ssize_t sent = send(descriptor_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) return lost_connection();
  if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
  const bool waits = !out_.empty();
  if (waits != waits_to_write_) loop_.change(descriptor_, EPOLLIN | (waits ? EPOLLOUT : 0u), *this);
  waits_to_write_ = waits;
}

void Poster::on_ready(uint32_t events) {
  if (descriptor_ < 0) return;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive();
  if ((events & EPOLLOUT) != 0) flush();
}

void Poster::receive() {
  char bytes[16384];
  const ssize_t got = recv(descriptor_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return lost_connection();
  in_.append(bytes, static_cast<std::size_t>(got));
  take_answers();
}

void Poster::take_answers() {
  std::size_t at = 0;
  bool closes = false;
  while (!flying_.empty()) {
    const Answer answer = dialect_.read_answer(std::string_view(in_).substr(at));
    if (answer.used == 0) break;
    at += answer.used;
    closes = closes || answer.closes;
    const InFlight events = flying_.front();
    flying_.pop_front();
    if (closes) connect(), at = 0;
    sink_.on_fate(*this, events, answer.accepted ? Fate::accepted : Fate::rejected);
    if (closes) return;
  }
  in_.erase(0, at);
}

void Poster::lost_connection() {
  close();
  out_.clear();
  while (!flying_.empty()) {
    const InFlight events = flying_.front();
    flying_.pop_front();
    sink_.on_fate(*this, events, Fate::unanswered);
  }
  if (descriptor_ < 0) connect();
}

}  // namespace fanfare::bench
