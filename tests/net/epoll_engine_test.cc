// tests/net/epoll_engine_test.cc: what only epoll can meet: kernels and sandboxes that refuse one
// of its system calls. A seccomp filter on a thread of its own plays the kernel that refuses.
#include "net/epoll_engine.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <thread>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tests/net/engine_fixture.h"

namespace fanfare {
namespace {

constexpr uint32_t any_argument = UINT32_MAX;

// From here on this thread's `call` fails with `error`, if its second argument is `argument`.
bool refuse(long call, uint32_t argument, int error) {
  const auto number = static_cast<uint32_t>(call);
  const auto answer = SECCOMP_RET_ERRNO | static_cast<uint32_t>(error);
  const bool any = argument == any_argument;
  std::array<sock_filter, 6> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | (any ? BPF_JGE : BPF_JEQ) | BPF_K, any ? 0 : argument, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, answer),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

struct Server {
  explicit Server(uint32_t slots) {
    listener = std::move(Listener::open(*SocketAddress::parse("127.0.0.1:0"), 1, {})->front());
    engine = std::move(*make_epoll_engine(slots));
    engine->listen(*listener);
    for (uint32_t i = 0; i < slots; i++) {
      engine->offer({i, 1});
      peers.emplace_back(listener->address());
    }
    for (std::size_t count = 0; count < slots;) {
      count += engine->wait(monotonic_now() + patience, 16).size();
    }
  }
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Engine> engine;
  std::vector<Peer> peers;
};

TEST(EpollEngine, works_where_the_fine_wait_is_unknown_or_forbidden) {
  for (const int error : {ENOSYS, EPERM}) {
    std::thread([error] {
      if (!refuse(SYS_epoll_pwait2, any_argument, error)) GTEST_SKIP() << "no seccomp here";
      Server server(1);
      const Instant until = monotonic_now() + 5ms;
      EXPECT_TRUE(server.engine->wait(until, 16).empty());
      EXPECT_GE(monotonic_now(), until);
      EXPECT_TRUE(server.engine->wait(Instant::min(), 16).empty());
      server.engine->want_bytes({0, 1});
      server.peers[0].send("x");
      ASSERT_EQ(server.engine->wait(never, 16).size(), 1U);
      server.engine->waker()->wake();
      EXPECT_EQ(server.engine->wait(never, 16).size(), 1U);
    }).join();
  }
}

TEST(EpollEngine, a_descriptor_that_epoll_refuses_is_told_as_broken) {
  std::thread([] {
    Server server(3);
    // max_user_watches is reached.
    if (!refuse(SYS_epoll_ctl, EPOLL_CTL_ADD, ENOSPC)) GTEST_SKIP() << "no seccomp here";
    server.engine->want_bytes({0, 1});
    server.engine->want_hangup({1, 1});
    server.engine->want_writable({1, 1});
    server.engine->want_bytes({2, 1});
    server.engine->close({2, 1}, CloseHow::now);
    std::array<int, 3> answers{};
    const auto ready = server.engine->wait(monotonic_now() + patience, 16);
    ASSERT_EQ(ready.size(), 4U);
    for (const Ready& one : ready) {
      answers[one.slot.index]++;
      EXPECT_EQ(one.got == Got::closed, one.slot.index == 2);
      EXPECT_EQ(one.error, one.got == Got::end || one.got == Got::hung_up ? ENOSPC : 0);
    }
    EXPECT_EQ(answers, (std::array<int, 3>{1, 2, 1}));
    server.engine->close({0, 1}, CloseHow::linger);  // cannot wait for its peer, so it does not
    const auto closed = server.engine->wait(monotonic_now() + patience, 16);
    ASSERT_EQ(closed.size(), 1U);
    EXPECT_EQ(closed[0].got, Got::closed);
  }).join();
}

}  // namespace
}  // namespace fanfare
