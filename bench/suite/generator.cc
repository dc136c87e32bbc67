// bench/suite/generator.cc: dividing the work, and forking.
#include "bench/suite/generator.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "core/check.h"

namespace fanfare::bench {
namespace {

constexpr uint32_t worth_a_process = 2'000;  // streams
constexpr unsigned sources_per_part = 4;

template <class Run>
pid_t fork_part(Run&& run) {
  const pid_t process = fork();
  CHECK(process >= 0);
  if (process > 0) return process;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGINT, SIG_IGN);  // the conductor hears it, and tells us
  std::signal(SIGPIPE, SIG_IGN);
  run();
  _exit(0);
}

}  // namespace

void run_on(const std::vector<int>& cores) {
  if (cores.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(static_cast<unsigned>(core), &set);
  sched_setaffinity(0, sizeof set, &set);
}

Shares divide(const Plan& plan, uint32_t streams_max, unsigned cores) {
  Shares shares;
  unsigned source = 0;
  for (std::size_t group = 0; group < plan.groups.size(); ++group) {
    const uint32_t streams = plan.groups[group].streams;
    const uint32_t needed = (streams + streams_max - 1) / streams_max;
    const uint32_t useful = std::min<uint32_t>(cores, streams / worth_a_process);
    const uint32_t parts = streams == 0 ? 0 : std::max({1u, needed, useful});
    for (uint32_t i = 0; i < parts; ++i) {
      const auto first = static_cast<uint32_t>(uint64_t{streams} * i / parts);
      const auto end = static_cast<uint32_t>(uint64_t{streams} * (i + 1) / parts);
      shares.receivers.push_back({group, first, end - first, source, shares.parts()});
      source += sources_per_part;
    }
  }
  for (std::size_t group = 0; group < plan.groups.size(); ++group) {
    shares.publishers.push_back({group, shares.parts()});
  }
  return shares;
}

Generator::Generator(const Plan& plan, Board& board, const SubscribeDialect& subscribe,
                     const PublishDialect& publish, const Shares& shares, const std::string& run) {
  const auto names = [&](std::size_t group) {
    const Group& of = plan.groups[group];
    return TopicNames{run + "-" + of.name, of.topics, of.topic_life};
  };
  for (const ReceiverShare& share : shares.receivers) {
    processes_.push_back(
        fork_part([&] { ReceiverPart(plan, board, subscribe, names(share.group), share).run(); }));
  }
  for (const PublisherShare& share : shares.publishers) {
    processes_.push_back(
        fork_part([&] { PublisherPart(plan, board, publish, names(share.group), share).run(); }));
  }
}

Generator::~Generator() {
  for (const pid_t process : processes_) kill(process, SIGKILL);
  for (const pid_t process : processes_) waitpid(process, nullptr, 0);
}

bool Generator::all_alive() const {
  return std::all_of(processes_.begin(), processes_.end(), [](pid_t process) {
    siginfo_t ended{};
    return waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid == 0;
  });
}

}  // namespace fanfare::bench
