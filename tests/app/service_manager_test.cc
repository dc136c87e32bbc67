// tests/app/service_manager_test.cc: a socket in the place of systemd's hears what it would.
#include "app/service_manager.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/listener.h"

namespace fanfare {
namespace {

class Manager : public testing::Test {
 protected:
  Manager() {
    path_ = "/tmp/fanfare-notify-" + std::to_string(getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    number_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(number_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~Manager() override {
    close(number_);
    unlink(path_.c_str());
    for (const auto name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS"})
      unsetenv(name);
    unsetenv("LISTEN_PID");
  }
  std::string heard() {
    char text[512];
    const ssize_t count = recv(number_, text, sizeof text, 0);
    return count < 0 ? std::string() : std::string(text, static_cast<std::size_t>(count));
  }

  std::string path_;
  int number_ = -1;
};

TEST_F(Manager, is_told_of_each_step_of_a_life) {
  const ServiceManager manager = ServiceManager::of_environment();
  ASSERT_TRUE(manager.present());
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  manager.ready("ready http://127.0.0.1:8080");
  EXPECT_EQ(heard(), "READY=1\nSTATUS=ready http://127.0.0.1:8080");
  manager.reloading();
  EXPECT_EQ(heard().find("RELOADING=1\nMONOTONIC_USEC="), 0U);
  manager.stopping(std::chrono::seconds(20));
  EXPECT_EQ(heard(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=35000000");
}

TEST_F(Manager, hears_a_sign_of_life_three_times_in_its_patience_while_there_is_life) {
  setenv("WATCHDOG_USEC", "3000000", 1);
  ServiceManager manager = ServiceManager::of_environment();
  const Instant start = monotonic_now();
  const auto alive = [] { return true; };
  manager.watch(start, alive);
  EXPECT_EQ(heard(), "WATCHDOG=1");
  manager.watch(start + std::chrono::milliseconds(900), alive);
  EXPECT_EQ(heard(), "");
  manager.watch(start + std::chrono::milliseconds(1100), alive);
  EXPECT_EQ(heard(), "WATCHDOG=1");
  manager.watch(start + std::chrono::seconds(9), [] { return false; });
  EXPECT_EQ(heard(), "");
}

TEST_F(Manager, a_watchdog_meant_for_another_process_is_none_of_ours) {
  setenv("WATCHDOG_USEC", "3000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(ServiceManager::of_environment().watchdog(), Duration{});
}

TEST_F(Manager, a_name_of_the_abstract_namespace_works_too) {
  const std::string name = "fanfare-notify-" + std::to_string(getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const std::size_t bytes = offsetof(sockaddr_un, sun_path) + 1 + name.size();
  ASSERT_EQ(bind(other, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(bytes)), 0);
  setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  ServiceManager::of_environment().status("here");
  char text[64];
  const ssize_t count = recv(other, text, sizeof text, 0);
  close(other);
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(count)), "STATUS=here");
}

TEST_F(Manager, without_a_manager_nothing_is_sent) {
  for (const auto path : {"", "relative", "/nowhere/at/all"}) {
    setenv("NOTIFY_SOCKET", path, 1);
    const ServiceManager manager = ServiceManager::of_environment();
    EXPECT_FALSE(manager.present());
    manager.ready("unheard");
  }
  EXPECT_EQ(heard(), "");
}

TEST_F(Manager, sockets_for_another_process_are_left_alone) {
  setenv("LISTEN_FDS", "1", 1);
  setenv("LISTEN_PID", "1", 1);
  const auto sockets = inherited_sockets();
  ASSERT_TRUE(sockets.has_value());
  EXPECT_TRUE(sockets->empty());
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

TEST_F(Manager, a_count_of_sockets_that_makes_no_sense_is_refused) {
  for (const auto count : {"-1", "many", "65"}) {
    setenv("LISTEN_FDS", count, 1);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    EXPECT_FALSE(inherited_sockets().has_value()) << count;
  }
}

TEST(InheritedListener, is_a_stream_socket_that_listens_and_nothing_else) {
  auto made = Listener::open(*SocketAddress::parse("127.0.0.1:0"), 1, {});
  ASSERT_TRUE(made.has_value());
  const int copy = fcntl(made->front()->descriptor(), F_DUPFD_CLOEXEC, 3);
  const auto inherited = Listener::inherit(copy);
  ASSERT_TRUE(inherited.has_value());
  EXPECT_EQ((*inherited)->address().text(), made->front()->address().text());
  EXPECT_FALSE(Listener::inherit(socket(AF_INET, SOCK_STREAM, 0)).has_value());
  EXPECT_FALSE(Listener::inherit(socket(AF_UNIX, SOCK_DGRAM, 0)).has_value());
  EXPECT_FALSE(Listener::inherit(open("/dev/null", O_RDONLY)).has_value());
}

}  // namespace
}  // namespace fanfare
