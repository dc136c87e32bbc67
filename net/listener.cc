// net/listener.cc: binding without stealing: the first socket of a TCP address is bound alone and
// then opens its port to the other workers' sockets; a Unix socket file is replaced only under a
// lock and only when nobody answers on it.
#include "net/listener.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/check.h"
#include "core/time.h"
#include "net/listening_process.h"

namespace fanfare {
namespace {

// A process that was killed may leave its sockets listening for a moment, until the kernel has
// taken its io_uring apart: nobody is there to be named, and a restart should not fail on it.
constexpr Duration orphan_patience = std::chrono::seconds(2);
constexpr Duration orphan_retry = std::chrono::milliseconds(20);

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return number_; }
  int give() { return std::exchange(number_, -1); }

 private:
  int number_;
};

enum class Share : uint8_t { alone, with_the_group };

Error cannot_listen(const SocketAddress& address, const std::string& why) {
  return {"cannot listen on " + address.text() + ": " + why};
}

std::string reason(int fault) {
  return std::strerror(fault);
}  // only main opens listeners

int set_option(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof value);
}

std::string name_of(const std::optional<ListeningProcess>& process) {
  if (!process) return "another process";
  return process->name + " (pid " + std::to_string(process->pid) + ")";
}

Error explain_tcp(const SocketAddress& address, int fault) {
  if (fault == EADDRINUSE) {
    const std::string text = address.text();
    const std::string host = text.substr(0, text.rfind(':'));
    return cannot_listen(address, "in use by " + name_of(find_listening_process(address)) +
                                      ". Try --listen " + host + ":0");
  }
  if (fault == EACCES) {
    return cannot_listen(address, "ports below 1024 need CAP_NET_BIND_SERVICE. Try a port above");
  }
  if (fault == EADDRNOTAVAIL) {
    return cannot_listen(address, "this machine has no such address. Try 127.0.0.1 or *");
  }
  if (fault == EMFILE) {
    return cannot_listen(address, "this process may open no more files. Raise ulimit -n");
  }
  return cannot_listen(address, reason(fault));
}

// What accepted sockets inherit is set here once instead of on each of them: nothing to set for
// descriptors that live only in a ring's table.
int set_tcp_options(int socket, const SocketAddress& address, const ListenerOptions& options) {
  int faults = set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);  // past connections may linger
  if (address.raw()->sa_family == AF_INET6) {
    faults |= set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, address.is_any() ? 0 : 1);
  }
  faults |= set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  faults |= set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
                       static_cast<int>(options.notsent_lowat_bytes));
  if (options.receive_buffer_bytes != 0) {  // the kernel doubles it for its own bookkeeping
    faults |=
        set_option(socket, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options.receive_buffer_bytes));
  }
  return faults;
}

// Tries until its outcome is not an orphan's doing, or patience has an end; gives the last outcome.
template <class Try, class IsOrphans>
auto outlast_orphan(const Try& attempt, const IsOrphans& is_orphans) {
  const Instant until = monotonic_now() + orphan_patience;
  for (;;) {
    auto outcome = attempt();
    if (!is_orphans(outcome) || monotonic_now() >= until) return outcome;
    std::this_thread::sleep_for(orphan_retry);
  }
}

int bind_tcp(int socket, const SocketAddress& address) {
  return outlast_orphan(
      [&] { return ::bind(socket, address.raw(), address.raw_bytes()) == 0 ? 0 : errno; },
      [&](int fault) { return fault == EADDRINUSE && !find_listening_process(address); });
}

Result<Descriptor> open_tcp(const SocketAddress& address, Share share,
                            const ListenerOptions& options) {
  Descriptor socket(::socket(address.raw()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int number = socket.get();
  if (number < 0 || set_tcp_options(number, address, options) != 0) {
    return explain_tcp(address, errno);
  }
  if (share == Share::with_the_group && set_option(number, SOL_SOCKET, SO_REUSEPORT, 1) != 0) {
    return explain_tcp(address, errno);
  }
  if (const int fault = bind_tcp(number, address)) return explain_tcp(address, fault);
  if (::listen(number, options.backlog) != 0) return explain_tcp(address, errno);
  // Only now, when the kernel has refused every other listener, may sockets of ours join.
  if (share == Share::alone && set_option(number, SOL_SOCKET, SO_REUSEPORT, 1) != 0) {
    return explain_tcp(address, errno);
  }
  return socket;
}

// A machine without IPv6 still has all of IPv4.
bool lacks_ipv6(const SocketAddress& address) {
  if (address.raw()->sa_family != AF_INET6 || !address.is_any()) return false;
  const Descriptor probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return probe.get() < 0 && errno == EAFNOSUPPORT;
}

SocketAddress chosen_address(int socket) {
  SocketAddress address;
  socklen_t bytes = SocketAddress::raw_bytes_max;
  CHECK_EQ(::getsockname(socket, address.raw(), &bytes), 0);
  address.set_raw_bytes(bytes);
  return address;
}

// Held from the look at a socket file to the moment the new one listens: two brokers that start
// together must not both take the same file for stale. A directory that cannot be locked is used
// without.
Descriptor lock_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  Descriptor lock(
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.get() >= 0) ::flock(lock.get(), LOCK_EX);
  return lock;
}

struct Answer {
  int fault = 0;  // of connect()
  std::optional<ListeningProcess> from;
};

Answer ask(const SocketAddress& address) {
  const Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(client.get(), address.raw(), address.raw_bytes()) != 0) return {errno, {}};
  return {0, listening_process_behind(client.get())};
}

// Removes the file of a socket that nobody listens on; anything else that is in the way stays and
// is an error.
Result<Done> clear_the_way(const SocketAddress& address) {
  struct stat file {};
  if (::lstat(address.path().c_str(), &file) != 0) return Done{};  // bind() says what is wrong
  if (!S_ISSOCK(file.st_mode)) {
    return cannot_listen(address,
                         "a file is there that is not a socket. Move it, or choose another path");
  }
  const Answer answer = outlast_orphan([&] { return ask(address); },
                                       [](const Answer& a) { return a.fault == 0 && !a.from; });
  if (answer.fault == 0 || answer.fault == EAGAIN) {  // or its queue of connections is full
    return cannot_listen(address,
                         "in use by " + name_of(answer.from) + ". Stop it, or choose another path");
  }
  if (answer.fault != ECONNREFUSED) {
    return cannot_listen(address, "a socket is there and cannot be asked whether it is in use (" +
                                      reason(answer.fault) + "). Remove it if it is stale");
  }
  if (::unlink(address.path().c_str()) != 0 && errno != ENOENT) {
    return cannot_listen(address,
                         "a stale socket is there and cannot be removed (" + reason(errno) + ")");
  }
  return Done{};
}

Error explain_unix(const SocketAddress& address, int fault) {
  if (fault == ENOENT) {
    const auto directory = std::filesystem::path(address.path()).parent_path().string();
    return cannot_listen(address, "there is no directory " + directory + ". Create it first");
  }
  if (fault == EACCES || fault == EPERM || fault == EROFS) {
    return cannot_listen(address, "this user may not create files there (" + reason(fault) + ")");
  }
  return cannot_listen(address, reason(fault));
}

// A user or group given by number: a container often has no names for them.
std::optional<uint32_t> number_of(const std::string& text) {
  uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

Result<Done> give_file_to(const SocketAddress& address, const std::string& owner) {
  const std::size_t colon = owner.find(':');
  const std::string user = owner.substr(0, colon);
  const std::string group = colon == std::string::npos ? "" : owner.substr(colon + 1);
  uid_t user_id = static_cast<uid_t>(-1);  // unchanged
  gid_t group_id = static_cast<gid_t>(-1);
  if (const auto number = number_of(user)) {
    user_id = *number;
  } else if (!user.empty()) {
    const passwd* const entry = ::getpwnam(user.c_str());
    if (!entry)
      return cannot_listen(address, "there is no user \"" + user + "\" to own the socket");
    user_id = entry->pw_uid;
  }
  if (const auto number = number_of(group)) {
    group_id = *number;
  } else if (!group.empty()) {
    const ::group* const entry = ::getgrnam(group.c_str());
    if (!entry)
      return cannot_listen(address, "there is no group \"" + group + "\" to own the socket");
    group_id = entry->gr_gid;
  }
  if (::chown(address.path().c_str(), user_id, group_id) != 0) {
    return cannot_listen(address,
                         "the socket cannot be given to " + owner + " (" + reason(errno) + ")");
  }
  return Done{};
}

Result<Done> set_file_rights(const SocketAddress& address, const ListenerOptions& options) {
  if (!options.socket_owner.empty()) {
    auto given = give_file_to(address, options.socket_owner);
    if (!given) return given;
  }
  if (options.socket_mode && ::chmod(address.path().c_str(), *options.socket_mode) != 0) {
    return cannot_listen(address, "the socket's mode cannot be set (" + reason(errno) + ")");
  }
  return Done{};
}

ino_t inode_of_socket(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode) ? file.st_ino : 0;
}

Result<Descriptor> open_unix(const SocketAddress& address, const ListenerOptions& options) {
  const Descriptor lock = lock_directory_of(address.path());
  if (auto clear = clear_the_way(address); !clear) return Error{clear.error()};
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return explain_unix(address, errno);
  if (::bind(socket.get(), address.raw(), address.raw_bytes()) != 0) {
    return explain_unix(address, errno);
  }
  // Before listen(): until then every connection is refused, whatever rights the file was born
  // with.
  auto rights = set_file_rights(address, options);
  if (rights && ::listen(socket.get(), options.backlog) == 0) return socket;
  const int fault = errno;
  ::unlink(address.path().c_str());
  return rights ? explain_unix(address, fault) : Error{rights.error()};
}

}  // namespace

Result<std::vector<std::unique_ptr<Listener>>> Listener::open(const SocketAddress& address,
                                                              unsigned count,
                                                              const ListenerOptions& options) {
  CHECK_GE(count, 1U);
  SocketAddress place = address;
  if (lacks_ipv6(address)) {
    place = *SocketAddress::parse("0.0.0.0:" + std::to_string(address.port()));
  }
  std::vector<std::unique_ptr<Listener>> listeners;
  const auto add = [&](Descriptor socket) {
    listeners.push_back(std::unique_ptr<Listener>(new Listener));
    listeners.back()->id_ = options.id;
    listeners.back()->address_ = place;
    listeners.back()->descriptor_ = socket.give();
  };
  if (place.is_unix()) {
    auto socket = open_unix(place, options);
    if (!socket) return Error{socket.error()};
    add(std::move(*socket));
    listeners.back()->file_ = inode_of_socket(place.path());
    return listeners;
  }
  for (unsigned i = 0; i < count; i++) {
    auto socket = open_tcp(place, i == 0 ? Share::alone : Share::with_the_group, options);
    if (!socket) return Error{socket.error()};
    if (i == 0) place = chosen_address(socket->get());
    add(std::move(*socket));
  }
  return listeners;
}

Result<std::unique_ptr<Listener>> Listener::inherit(int descriptor) {
  Descriptor socket(descriptor);
  int listens = 0, type = 0;
  socklen_t bytes = sizeof listens;
  const bool known =
      ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) == 0 &&
      ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &(bytes = sizeof type)) == 0;
  if (!known || listens == 0 || type != SOCK_STREAM) {
    return Error{"the descriptor " + std::to_string(descriptor) +
                 " that was handed over is no stream socket that listens: in the .socket unit use "
                 "ListenStream= and Accept=no"};
  }
  std::unique_ptr<Listener> listener(new Listener);
  listener->address_ = chosen_address(descriptor);
  listener->descriptor_ = socket.give();
  return listener;
}

void Listener::set_options(const ListenerOptions& options) {
  id_ = options.id;
  if (!address_.is_unix()) set_tcp_options(descriptor_, address_, options);
}

Listener::~Listener() {
  if (descriptor_ < 0) return;
  // The file goes first: while the socket still listens, nobody else can have put another one in
  // its place.
  if (file_ != 0 && inode_of_socket(address_.path()) == file_) ::unlink(address_.path().c_str());
  ::close(descriptor_);
}

std::unique_ptr<Listener> Listener::simulated(uint32_t id) {
  std::unique_ptr<Listener> listener(new Listener);
  listener->id_ = id;
  return listener;
}

}  // namespace fanfare
