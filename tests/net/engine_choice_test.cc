// tests/net/engine_choice_test.cc: io_uring where it works, epoll where it does not, and the reason
// told. A seccomp filter in a child process plays the container that forbids io_uring.
#include "net/engine_choice.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fanfare {
namespace {

// From here on `call` fails with `error` in this process.
bool refuse(long call, int error) {
  const auto answer = SECCOMP_RET_ERRNO | static_cast<uint32_t>(error);
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, answer),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

std::string told_by(const Result<EngineChosen>& chosen) {
  return chosen ? chosen->name + "|" + chosen->reason : "error|" + chosen.error();
}

// What choose_engine() says where `call` fails with `error`; "" where no filter can be installed,
// "killed" if it was the death of the process.
std::string choice_where(long call, int error, std::string_view wanted) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (refuse(call, error)) {
      const std::string text = told_by(choose_engine(wanted));
      [[maybe_unused]] const auto written = ::write(pipe[1], text.data(), text.size());
    }
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string text(4096, '\0');
  const ssize_t count = ::read(pipe[0], text.data(), text.size());
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return "killed";
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

TEST(EngineChoice, epoll_is_taken_unseen_when_asked_for) {
  EXPECT_EQ(told_by(choose_engine("epoll")), "epoll|asked for");
}

TEST(EngineChoice, io_uring_is_taken_where_it_works) {
  const std::string fault = probe_uring();
  if (!fault.empty()) GTEST_SKIP() << fault;
  EXPECT_EQ(told_by(choose_engine("auto")), "io_uring|it works here");
  EXPECT_EQ(told_by(choose_engine("io_uring")), "io_uring|asked for");
  EXPECT_TRUE(choose_engine("auto")->uring);
}

TEST(EngineChoice, a_word_that_is_no_engine_is_refused_with_those_that_are) {
  EXPECT_EQ(told_by(choose_engine("kqueue")),
            "error|no engine is called \"kqueue\"; it is auto, io_uring or epoll");
}

TEST(EngineChoice, each_choice_makes_its_engine) {
  for (const char* wanted : {"auto", "epoll"}) {
    const auto chosen = choose_engine(wanted);
    ASSERT_TRUE(chosen);
    const auto engine = make_engine(*chosen, 16);
    ASSERT_TRUE(engine) << engine.error();
    EXPECT_EQ((*engine)->name(), chosen->name);
    EXPECT_EQ((*engine)->capacity(), 16U);
  }
}

TEST(EngineChoice, io_uring_forbidden_with_eperm_means_epoll) {
  const std::string told = choice_where(SYS_io_uring_setup, EPERM, "auto");
  if (told.empty()) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(told,
            "epoll|io_uring is forbidden here (EPERM: seccomp or sysctl kernel.io_uring_disabled)");
}

TEST(EngineChoice, io_uring_forbidden_with_enosys_means_epoll) {
  const std::string told = choice_where(SYS_io_uring_setup, ENOSYS, "auto");
  if (told.empty()) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(told,
            "epoll|io_uring is forbidden here or unknown to this kernel (ENOSYS: seccomp, or older "
            "than Linux 5.1)");
}

TEST(EngineChoice, a_filter_that_forbids_only_a_part_of_io_uring_means_epoll_too) {
  for (const long call : {SYS_io_uring_register, SYS_io_uring_enter}) {
    for (const int error : {EPERM, ENOSYS}) {
      const std::string told = choice_where(call, error, "auto");
      if (told.empty()) GTEST_SKIP() << "no seccomp here";
      EXPECT_TRUE(told.starts_with("epoll|io_uring is forbidden here")) << told;
    }
  }
}

TEST(EngineChoice, a_kernel_that_is_too_old_for_our_flags_means_epoll) {
  const std::string told = choice_where(SYS_io_uring_setup, EINVAL, "auto");
  if (told.empty()) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(told, "epoll|this kernel's io_uring is too old (EINVAL: Linux 6.1 is needed)");
}

TEST(EngineChoice, io_uring_asked_for_where_it_is_forbidden_is_an_error_that_says_what_to_change) {
  for (const int error : {EPERM, ENOSYS}) {
    const std::string told = choice_where(SYS_io_uring_setup, error, "io_uring");
    if (told.empty()) GTEST_SKIP() << "no seccomp here";
    EXPECT_TRUE(told.starts_with("error|cannot use --engine io_uring: ")) << told;
    EXPECT_NE(told.find("seccomp profile"), std::string::npos) << told;
    EXPECT_NE(told.find("kernel.io_uring_disabled=0"), std::string::npos) << told;
    EXPECT_NE(told.find("--engine auto"), std::string::npos) << told;
  }
}

TEST(EngineChoice, more_connections_than_the_kernel_allows_is_an_error_with_the_cure) {
  if (!probe_uring().empty()) GTEST_SKIP() << probe_uring();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max > 1'000'000) GTEST_SKIP() << "the limit is higher than the kernel's own";
  const auto too_many = static_cast<uint32_t>(limit.rlim_max) + 1;
  const auto engine = make_engine({"io_uring", "", true}, too_many);
  ASSERT_FALSE(engine);
  EXPECT_NE(engine.error().find("ulimit -n"), std::string::npos) << engine.error();
}

}  // namespace
}  // namespace fanfare
