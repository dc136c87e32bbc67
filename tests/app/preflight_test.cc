// tests/app/preflight_test.cc: each limit is found to be enough or not, with its cure.
#include "app/preflight.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace fanfare {
namespace {

class Preflight : public testing::Test {
 protected:
  Preflight() {
    char path[] = "/tmp/fanfare-test-XXXXXX";
    root_.path = mkdtemp(path);
    write("/proc/sys/net/core/somaxconn", "4096\n");
    write("/proc/sys/net/ipv4/tcp_mem", "1000000\t2000000\t3000000\n");
    write("/proc/meminfo", "MemTotal: 64000000 kB\n");
    write("/proc/sys/kernel/io_uring_disabled", "0\n");
    settings_.streams_max = 10'000;
    settings_.workers = 1;
  }
  ~Preflight() override { std::filesystem::remove_all(root_.path); }

  void write(const std::string& path, std::string_view text) {
    const std::filesystem::path file = root_.path + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  PreflightLine line(std::string_view what) {
    for (auto& found : preflight(settings_, root_, descriptors_, facts_)) {
      if (found.what.starts_with(what)) return found;
    }
    ADD_FAILURE() << "no line " << what;
    return {};
  }

  MachineRoot root_;
  Settings settings_;
  DescriptorLimit descriptors_{1024, 100'000};
  PreflightFacts facts_;
};

TEST_F(Preflight, a_machine_with_enough_of_everything_is_ok) {
  for (const auto& found : preflight(settings_, root_, descriptors_)) {
    EXPECT_EQ(found.finding, Finding::ok) << found.what << ": " << found.cure;
    EXPECT_TRUE(found.cure.empty());
  }
}

TEST_F(Preflight, too_few_descriptors_say_how_many_streams_they_hold) {
  descriptors_ = {1024, 6024};
  EXPECT_EQ(line("descriptors").finding, Finding::warn);
  EXPECT_NE(line("descriptors").cure.find("about 5000 streams"), std::string::npos);
  settings_.workers = 4;  // one table for each
  EXPECT_EQ(line("descriptors").finding, Finding::ok);
  settings_.engine = EngineChoice::epoll;
  EXPECT_EQ(line("descriptors").finding, Finding::warn);
}

TEST_F(Preflight, streams_that_were_asked_for_and_cannot_be_held_fail) {
  descriptors_ = {1024, 6024};
  facts_.streams_max = PreflightFacts::StreamsMax::asked_for;
  EXPECT_EQ(line("descriptors").finding, Finding::fail);
  EXPECT_NE(line("descriptors").cure.find("LimitNOFILE="), std::string::npos);
  descriptors_ = {1024, 12'000};
  EXPECT_EQ(line("descriptors").finding, Finding::ok);
}

TEST_F(Preflight, on_epoll_all_workers_share_one_table) {
  descriptors_ = {1024, 6024};
  settings_.workers = 4;
  facts_.engine = "io_uring";
  EXPECT_EQ(line("descriptors").finding, Finding::ok);
  facts_.engine = "epoll";
  EXPECT_EQ(line("descriptors").finding, Finding::warn);
}

TEST_F(Preflight, the_engine_that_was_found_by_trying_is_named_with_its_reason) {
  facts_ = {{}, "epoll", "io_uring is forbidden here"};
  EXPECT_EQ(line("engine").here, "epoll");
  EXPECT_EQ(line("engine").need, "io_uring is forbidden here");
  EXPECT_EQ(line("engine").finding, Finding::ok);
  facts_ = {{}, "none", "cannot use --engine io_uring"};
  EXPECT_EQ(line("engine").finding, Finding::fail);
}

TEST_F(Preflight, a_small_table_of_tracked_connections_warns) {
  write("/proc/sys/net/netfilter/nf_conntrack_max", "5000\n");
  EXPECT_EQ(line("tracked").finding, Finding::warn);
  EXPECT_EQ(line("tracked").cure, "sysctl -w net.netfilter.nf_conntrack_max=20000");
  write("/proc/sys/net/netfilter/nf_conntrack_max", "500000\n");
  EXPECT_EQ(line("tracked").finding, Finding::ok);
}

TEST_F(Preflight, a_short_accept_queue_names_the_switch) {
  write("/proc/sys/net/core/somaxconn", "128\n");
  EXPECT_EQ(line("accept queue").cure, "sysctl -w net.core.somaxconn=4096");
}

TEST_F(Preflight, little_memory_of_tcp_warns) {
  write("/proc/sys/net/ipv4/tcp_mem", "100 200 300\n");
  EXPECT_EQ(line("memory of TCP").finding, Finding::warn);
}

TEST_F(Preflight, a_small_cgroup_fails_when_history_alone_is_larger) {
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/memory.max", "104857600\n");
  EXPECT_EQ(line("memory (cgroup)").finding, Finding::fail);
  settings_.history_total_bytes = 0;
  settings_.bus_bytes = 0;
  EXPECT_NE(line("memory (cgroup)").finding, Finding::fail);
}

TEST_F(Preflight, more_workers_than_cores_warn) {
  settings_.workers = 64;
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(line("cores").finding, Finding::warn);
}

TEST_F(Preflight, a_switched_off_io_uring_fails_only_who_insists) {
  write("/proc/sys/kernel/io_uring_disabled", "2\n");
  EXPECT_EQ(line("io_uring").finding, Finding::warn);
  settings_.engine = EngineChoice::io_uring;
  EXPECT_EQ(line("io_uring").finding, Finding::fail);
  settings_.engine = EngineChoice::epoll;
  EXPECT_EQ(line("io_uring").finding, Finding::ok);
}

}  // namespace
}  // namespace fanfare
