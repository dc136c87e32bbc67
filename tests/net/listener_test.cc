// tests/net/listener_test.cc: who may listen where, over real sockets: shared ports, refused
// seconds, stale and live files.
#include "net/listener.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fanfare {
namespace {

using Listeners = std::vector<std::unique_ptr<Listener>>;

SocketAddress address_of(const std::string& text) {
  auto address = SocketAddress::parse(text);
  EXPECT_TRUE(address) << address.error();
  return *address;
}

Listeners opened(const std::string& text, unsigned count = 1, const ListenerOptions& options = {}) {
  auto listeners = Listener::open(address_of(text), count, options);
  EXPECT_TRUE(listeners) << listeners.error();
  return listeners ? std::move(*listeners) : Listeners();
}

std::string refusal(const std::string& text, const ListenerOptions& options = {}) {
  auto listeners = Listener::open(address_of(text), 1, options);
  EXPECT_FALSE(listeners) << text << " should have been refused";
  return listeners.error();
}

std::string own_name() {
  std::ifstream comm("/proc/self/comm");
  std::string name;
  std::getline(comm, name);
  return name + " (pid " + std::to_string(::getpid()) + ")";
}

class Client {
 public:
  explicit Client(const SocketAddress& to)
      : socket_(::socket(to.raw()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        connected_(::connect(socket_, to.raw(), to.raw_bytes()) == 0) {}
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  bool connected() const { return connected_; }

 private:
  int socket_;
  bool connected_;
};

bool has_connection(const Listener& listener) {
  pollfd entry{listener.descriptor(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

int option_of(int socket, int level, int option) {
  int value = -1;
  socklen_t bytes = sizeof value;
  EXPECT_EQ(::getsockopt(socket, level, option, &value, &bytes), 0);
  return value;
}

// A directory of its own, removed with what is in it.
class Directory {
 public:
  Directory() {
    std::array<char, 32> name{"/tmp/fanfare-test-XXXXXX"};
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string address() const { return "unix:" + file("socket"); }

 private:
  std::string path_;
};

TEST(Listener, a_port_chosen_by_the_kernel_is_shared_by_all) {
  const Listeners listeners = opened("127.0.0.1:0", 4);
  ASSERT_EQ(listeners.size(), 4U);
  EXPECT_NE(listeners[0]->address().port(), 0);
  for (const auto& listener : listeners) {
    EXPECT_EQ(listener->address().text(), listeners[0]->address().text());
  }
}

TEST(Listener, connections_spread_over_the_sharing_sockets) {
  const Listeners listeners = opened("127.0.0.1:0", 2);
  std::vector<std::unique_ptr<Client>> clients;
  // Chance puts all on one side once in 2^63.
  for (int i = 0; i < 64; i++) clients.push_back(std::make_unique<Client>(listeners[0]->address()));
  EXPECT_TRUE(has_connection(*listeners[0]));
  EXPECT_TRUE(has_connection(*listeners[1]));
}

TEST(Listener, a_second_bind_is_refused_and_told_who_has_the_port) {
  const Listeners first = opened("127.0.0.1:0", 2);
  const std::string text = first[0]->address().text();
  EXPECT_EQ(refusal(text), "cannot listen on " + text + ": in use by " + own_name() +
                               ". Try --listen 127.0.0.1:0");
}

TEST(Listener, a_port_taken_on_one_address_is_refused_for_all_addresses) {
  const Listeners first = opened("127.0.0.1:0");
  const std::string port = std::to_string(first[0]->address().port());
  const std::string pid = "(pid " + std::to_string(::getpid()) + ")";
  EXPECT_NE(refusal("*:" + port).find(pid), std::string::npos);
  EXPECT_NE(refusal("0.0.0.0:" + port).find(pid), std::string::npos);
}

TEST(Listener, a_closed_port_can_be_taken_again_at_once) {
  Listeners first = opened("127.0.0.1:0");
  const SocketAddress address = first[0]->address();
  {
    const Client client(address);
    const int accepted = ::accept(first[0]->descriptor(), nullptr, nullptr);
    ::close(accepted);  // the server's side closes first and keeps the waiting state
  }
  first.clear();
  EXPECT_EQ(opened(address.text(), 2).size(), 2U);
}

TEST(Listener, every_address_means_ipv4_and_ipv6) {
  const Listeners listeners = opened("*:0");
  const std::string port = std::to_string(listeners[0]->address().port());
  EXPECT_TRUE(Client(address_of("127.0.0.1:" + port)).connected());
  if (listeners[0]->address().raw()->sa_family == AF_INET6) {
    EXPECT_TRUE(Client(address_of("[::1]:" + port)).connected());
  }
}

TEST(Listener, an_address_of_another_machine_is_refused_with_the_cause) {
  EXPECT_NE(refusal("192.0.2.1:0").find("this machine has no such address"), std::string::npos);
}

TEST(Listener, accepted_sockets_inherit_what_streams_need) {
  ListenerOptions options;
  options.notsent_lowat_bytes = 20'000;
  options.receive_buffer_bytes = 8'192;
  const Listeners listeners = opened("127.0.0.1:0", 1, options);
  const Client client(listeners[0]->address());
  const int accepted = ::accept(listeners[0]->descriptor(), nullptr, nullptr);
  ASSERT_GE(accepted, 0);
  EXPECT_EQ(option_of(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option_of(accepted, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 20'000);
  // It ends slow readers that are alive (net/engine.h).
  EXPECT_EQ(option_of(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  EXPECT_EQ(option_of(accepted, SOL_SOCKET, SO_RCVBUF), 16'384);  // doubled by the kernel
  ::close(accepted);
}

TEST(Listener, its_id_is_the_one_it_was_given) {
  ListenerOptions options;
  options.id = 7;
  EXPECT_EQ(opened("127.0.0.1:0", 1, options)[0]->id(), 7U);
  EXPECT_EQ(Listener::simulated(9)->id(), 9U);
}

TEST(Listener, a_unix_socket_has_one_listener_however_many_workers) {
  const Directory directory;
  const Listeners listeners = opened(directory.address(), 4);
  EXPECT_EQ(listeners.size(), 1U);
  EXPECT_TRUE(Client(listeners[0]->address()).connected());
}

TEST(Listener, a_stale_socket_file_is_replaced) {
  const Directory directory;
  const SocketAddress address = address_of(directory.address());
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(dead, address.raw(), address.raw_bytes()), 0);
  ::close(dead);
  ASSERT_TRUE(std::filesystem::exists(directory.file("socket")));
  const Listeners listeners = opened(directory.address());
  EXPECT_TRUE(Client(address).connected());
}

TEST(Listener, a_live_socket_file_is_never_replaced) {
  const Directory directory;
  const Listeners first = opened(directory.address());
  EXPECT_NE(refusal(directory.address()).find("in use by " + own_name()), std::string::npos);
  EXPECT_TRUE(Client(first[0]->address()).connected());
  EXPECT_TRUE(has_connection(*first[0]));
}

TEST(Listener, a_live_socket_whose_queue_is_full_is_never_replaced) {
  const Directory directory;
  ListenerOptions options;
  options.backlog = 0;
  const Listeners first = opened(directory.address(), 1, options);
  const Client fills(first[0]->address());
  EXPECT_NE(refusal(directory.address()).find("in use by another process"), std::string::npos);
}

// As the kernel leaves it for a moment when a process with an io_uring was killed.
TEST(Listener, a_socket_whose_process_has_ended_is_waited_for) {
  const Directory directory;
  const SocketAddress address = address_of(directory.address());
  const int orphan = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(orphan, address.raw(), address.raw_bytes()), 0);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::listen(orphan, 16));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_TRUE(Client(address).connected());
  std::thread kernel([orphan] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ::close(orphan);
  });
  const Listeners listeners = opened(directory.address());
  kernel.join();
  EXPECT_TRUE(Client(address).connected());
  EXPECT_TRUE(has_connection(*listeners[0]));
}

TEST(Listener, a_file_that_is_no_socket_is_never_removed) {
  const Directory directory;
  std::ofstream(directory.file("socket")) << "precious";
  EXPECT_NE(refusal(directory.address()).find("not a socket"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(directory.file("socket")), 8U);
}

TEST(Listener, a_missing_directory_is_named) {
  const Directory directory;
  EXPECT_NE(refusal("unix:" + directory.file("none/socket"))
                .find("no directory " + directory.file("none")),
            std::string::npos);
}

TEST(Listener, a_socket_file_goes_with_its_listener) {
  const Directory directory;
  opened(directory.address()).clear();
  EXPECT_FALSE(std::filesystem::exists(directory.file("socket")));
}

TEST(Listener, a_file_that_is_no_longer_its_own_stays) {
  const Directory directory;
  Listeners first = opened(directory.address());
  std::filesystem::rename(directory.file("socket"), directory.file("moved"));
  const Listeners second = opened(directory.address());
  first.clear();
  EXPECT_TRUE(Client(second[0]->address()).connected());
}

TEST(Listener, a_socket_file_gets_its_mode) {
  const Directory directory;
  ListenerOptions options;
  options.socket_mode = 0620;
  const Listeners listeners = opened(directory.address(), 1, options);
  struct stat file {};
  ASSERT_EQ(::stat(directory.file("socket").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0620U);
}

TEST(Listener, a_socket_file_gets_its_owner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  const Directory directory;
  ListenerOptions options;
  options.socket_owner = "nobody:daemon";
  const Listeners listeners = opened(directory.address(), 1, options);
  struct stat file {};
  ASSERT_EQ(::stat(directory.file("socket").c_str(), &file), 0);
  EXPECT_NE(file.st_uid, 0U);
  EXPECT_NE(file.st_gid, 0U);
}

TEST(Listener, an_unknown_owner_is_named_and_leaves_no_file) {
  const Directory directory;
  ListenerOptions options;
  options.socket_owner = ":nobody-of-this-name";
  EXPECT_NE(refusal(directory.address(), options).find("no group \"nobody-of-this-name\""),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(directory.file("socket")));
}

}  // namespace
}  // namespace fanfare
