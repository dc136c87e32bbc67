// tests/app/machine_test.cc: limits are read from a directory that looks like a machine's.
#include "app/machine.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace fanfare {
namespace {

class Machine : public testing::Test {
 protected:
  Machine() {
    char path[] = "/tmp/fanfare-test-XXXXXX";
    root_.path = mkdtemp(path);
  }
  ~Machine() override { std::filesystem::remove_all(root_.path); }

  void write(const std::string& path, std::string_view text) {
    const std::filesystem::path file = root_.path + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  MachineRoot root_;
};

TEST_F(Machine, without_files_there_is_no_limit) {
  EXPECT_FALSE(cgroup_cores(root_).has_value());
  EXPECT_FALSE(cgroup_memory_bytes(root_).has_value());
  EXPECT_EQ(machine_memory_bytes(root_), 0u);
  EXPECT_GE(usable_cores(root_), 1u);
}

TEST_F(Machine, cgroup_v2_takes_the_tightest_limit_on_the_way_up) {
  write("/proc/self/cgroup", "0::/kubepods/pod1/main\n");
  write("/sys/fs/cgroup/kubepods/pod1/main/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/kubepods/pod1/cpu.max", "150000 100000\n");
  write("/sys/fs/cgroup/kubepods/pod1/main/memory.max", "268435456\n");
  write("/sys/fs/cgroup/kubepods/memory.max", "max\n");
  write("/proc/meminfo", "MemTotal:        8000000 kB\nMemFree: 1 kB\n");
  EXPECT_DOUBLE_EQ(*cgroup_cores(root_), 1.5);
  EXPECT_EQ(*cgroup_memory_bytes(root_), 268435456u);
  EXPECT_EQ(usable_memory_bytes(root_), 268435456u);
}

TEST_F(Machine, a_container_sees_its_own_cgroup_as_the_root) {
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_DOUBLE_EQ(*cgroup_cores(root_), 0.5);
  EXPECT_EQ(usable_cores(root_), 1u);
}

TEST_F(Machine, cgroup_v1_has_a_tree_for_each_controller) {
  write("/proc/self/cgroup", "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n");
  write("/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "200000\n");
  write("/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "1073741824\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_DOUBLE_EQ(*cgroup_cores(root_), 2.0);
  EXPECT_EQ(*cgroup_memory_bytes(root_), 1073741824u);
}

TEST_F(Machine, garbage_is_no_limit) {
  write("/proc/self/cgroup", "nonsense\n::\n0\n");
  write("/sys/fs/cgroup/cpu.max", "lots\n");
  write("/sys/fs/cgroup/memory.max", "-5\n");
  EXPECT_FALSE(cgroup_cores(root_).has_value());
  EXPECT_FALSE(cgroup_memory_bytes(root_).has_value());
}

TEST(Descriptors, are_raised_to_the_hard_limit) {
  const DescriptorLimit limit = raise_descriptor_limit();
  EXPECT_EQ(limit.soft, limit.hard);
  EXPECT_GT(limit.soft, 0u);
}

}  // namespace
}  // namespace fanfare
