// app/service_manager.cc: a datagram to NOTIFY_SOCKET; descriptors from 3 on.
#include "app/service_manager.h"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/core.h>

namespace fanfare {
namespace {

constexpr int first_inherited = 3;
constexpr uint64_t inherited_max = 64;
constexpr Duration stop_margin = std::chrono::seconds(15);

std::optional<uint64_t> number_of(const char* text) {
  if (text == nullptr) return std::nullopt;
  uint64_t number = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, fault] = std::from_chars(text, end, number);
  if (fault != std::errc{} || stop != end || stop == text) return std::nullopt;
  return number;
}

// A path, or with '@' a name of the abstract namespace. -1: no such socket.
int connect_to(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() < 2 || path.size() >= sizeof address.sun_path) return -1;
  if (path.front() != '/' && path.front() != '@') return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool abstract = path.front() == '@';
  if (abstract) address.sun_path[0] = '\0';
  const int number = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const std::size_t bytes = offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1);
  if (number >= 0 && ::connect(number, reinterpret_cast<const sockaddr*>(&address),
                               static_cast<socklen_t>(bytes)) == 0) {
    return number;
  }
  if (number >= 0) ::close(number);
  return -1;
}

int64_t microseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

}  // namespace

ServiceManager ServiceManager::of_environment() {
  ServiceManager manager;
  if (const char* const path = std::getenv("NOTIFY_SOCKET")) manager.socket_ = connect_to(path);
  const auto interval = number_of(std::getenv("WATCHDOG_USEC"));
  const auto pid = number_of(std::getenv("WATCHDOG_PID"));
  const bool ours = !pid || *pid == static_cast<uint64_t>(::getpid());
  if (manager.present() && interval && *interval != 0 && ours) {
    manager.watchdog_ = std::chrono::microseconds(*interval);
  }
  for (const auto name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  return manager;
}

ServiceManager::ServiceManager(ServiceManager&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      watchdog_(other.watchdog_),
      next_sign_(other.next_sign_) {}

ServiceManager::~ServiceManager() {
  if (socket_ >= 0) ::close(socket_);
}

void ServiceManager::send(std::string_view text) const {
  if (socket_ < 0) return;
  // A manager that is gone or slow must not hold up the service.
  (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ServiceManager::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::reloading() const {
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                   microseconds(monotonic_now().time_since_epoch())));
}

void ServiceManager::stopping(Duration at_most) const {
  send(fmt::format("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC={}",
                   microseconds(at_most + stop_margin)));
}

void ServiceManager::status(std::string_view text) const {
  send(fmt::format("STATUS={}", text));
}

Result<std::vector<int>> inherited_sockets() {
  const char* const count_text = std::getenv("LISTEN_FDS");
  if (count_text == nullptr) return std::vector<int>();
  const auto count = number_of(count_text), pid = number_of(std::getenv("LISTEN_PID"));
  const std::string said = count_text;
  for (const auto name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) ::unsetenv(name);
  // Meant for another process, which passed its environment on.
  if (!pid || *pid != static_cast<uint64_t>(::getpid())) return std::vector<int>();
  if (!count || *count > inherited_max) {
    return Error{"LISTEN_FDS=" + said + ": not a number of sockets from 0 to 64"};
  }
  std::vector<int> sockets;
  for (int number = first_inherited; number < first_inherited + static_cast<int>(*count);
       ++number) {
    if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
      return Error{fmt::format("LISTEN_FDS={}: descriptor {} is not open", said, number)};
    }
    sockets.push_back(number);
  }
  return sockets;
}

}  // namespace fanfare
