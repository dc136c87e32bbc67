// bench/load/publisher.cc: a POST, its answer, the next POST.
#include "bench/load/publisher.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "bench/load/flags.h"

namespace fanfare::bench {

Publisher::Publisher(Loop& loop, const sockaddr_in& to, uint32_t index, Answer on_answer)
    : index_(index), on_answer_(std::move(on_answer)) {
  descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    fail("a publisher cannot connect");
  }
  loop.add(descriptor_, EPOLLIN, *this);
}

Publisher::~Publisher() {
  close(descriptor_);
}

void Publisher::post(const std::string& path, std::string_view data,
                     std::string_view content_type) {
  request_.assign("POST ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  if (!content_type.empty()) {
    request_.append("Content-Type: ").append(content_type).append("\r\n");
  }
  request_.append("Content-Length: ");
  request_.append(std::to_string(data.size())).append("\r\n\r\n").append(data);
  idle_ = false;
  // Blocking: a request is taken whole, and there is never more than one.
  if (send(descriptor_, request_.data(), request_.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request_.size())) {
    fail("a publisher's request was not taken");
  }
}

void Publisher::on_ready(uint32_t) {
  char bytes[4096];
  const ssize_t got = recv(descriptor_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) fail("a publisher's connection was closed");
  received_.append(bytes, static_cast<std::size_t>(got));
  while (take_answer()) {
  }
}

bool Publisher::take_answer() {
  const auto end_of_head = received_.find("\r\n\r\n");
  if (idle_ || end_of_head == std::string::npos) return false;
  constexpr std::string_view length_field = "Content-Length: ";
  const auto at = received_.find(length_field);
  std::size_t length = 0;
  if (at < end_of_head) {
    std::from_chars(received_.data() + at + length_field.size(), received_.data() + end_of_head,
                    length);
  }
  if (received_.size() < end_of_head + 4 + length) return false;
  int status = 0;
  std::from_chars(received_.data() + 9, received_.data() + 12, status);
  const std::string body = received_.substr(end_of_head + 4, length);
  received_.erase(0, end_of_head + 4 + length);
  idle_ = true;
  on_answer_(*this, status, body);
  return true;
}

void add_publishers(Publishers& to, Loop& loop, const sockaddr_in& address, uint32_t count,
                    const Publisher::Answer& on_answer) {
  for (uint32_t i = 0; i < count; ++i) {
    to.emplace_back(loop, address, static_cast<uint32_t>(to.size()), on_answer);
  }
}

}  // namespace fanfare::bench
