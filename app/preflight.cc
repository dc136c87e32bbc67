// app/preflight.cc: one function for each limit; each says what is here, what is wanted, and the
// cure.
#include "app/preflight.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "app/memory_budget.h"
#include "core/limits.h"
#include "net/engine_choice.h"

namespace fanfare {
namespace {

constexpr uint64_t backlog_wanted = 4096;         // a reconnect storm, per listener
constexpr uint64_t kernel_bytes_a_stream = 6144;  // socket structures and a small queue, measured
constexpr uint64_t page_bytes = 4096;

PreflightLine check_descriptors(const Settings& settings, DescriptorLimit limit, uint64_t workers,
                                const PreflightFacts& facts) {
  const uint64_t tables = settings.engine == EngineChoice::epoll ? 1 : workers;
  const uint64_t wanted = settings.streams_max / tables + limits::descriptors_reserve;
  PreflightLine line{Finding::ok, "descriptors (nofile)",
                     fmt::format("{} (hard {})", limit.soft, limit.hard),
                     fmt::format("{} for {} streams", wanted, settings.streams_max), ""};
  if (limit.hard >= wanted) return line;  // the soft limit is raised at start
  const bool too_few = limit.hard < 2 * limits::descriptors_reserve ||
                       facts.streams_max == PreflightFacts::StreamsMax::asked_for;
  line.finding = too_few ? Finding::fail : Finding::warn;
  const uint64_t streams = memory_budget(settings, limit.hard).streams;
  line.cure = fmt::format(
      "holds about {} streams{}; raise the hard limit (LimitNOFILE= in systemd, --ulimit nofile= "
      "in Docker) or set --streams-max",
      streams, settings.engine == EngineChoice::epoll ? "" : ", with io_uring");
  return line;
}

PreflightLine check_backlog(const MachineRoot& root) {
  const auto here = read_kernel_number(root, "/proc/sys/net/core/somaxconn");
  PreflightLine line{Finding::ok, "accept queue (somaxconn)",
                     here ? fmt::format("{}", *here) : "unknown", fmt::format("{}", backlog_wanted),
                     ""};
  if (here && *here < backlog_wanted) {
    line.finding = Finding::warn;
    line.cure = fmt::format("sysctl -w net.core.somaxconn={}", backlog_wanted);
  }
  return line;
}

// tcp_mem is three numbers of pages: low, pressure, high. From the second on, sends are cut down.
PreflightLine check_tcp_memory(const MachineRoot& root, uint64_t streams) {
  const auto text = read_kernel_text(root, "/proc/sys/net/ipv4/tcp_mem");
  const uint64_t wanted = streams * kernel_bytes_a_stream;
  unsigned long long low = 0, pressure = 0, high = 0;
  PreflightLine line{Finding::ok, "memory of TCP (tcp_mem)", "unknown",
                     fmt::format("{} MiB for {} streams", wanted >> 20, streams), ""};
  if (!text || std::sscanf(text->c_str(), "%llu %llu %llu", &low, &pressure, &high) != 3) {
    return line;
  }
  line.here = fmt::format("{} MiB (pressure at {} MiB)", high * page_bytes >> 20,
                          pressure * page_bytes >> 20);
  if (pressure * page_bytes >= wanted) return line;
  line.finding = Finding::warn;
  line.cure =
      fmt::format("sysctl -w net.ipv4.tcp_mem=\"{0} {1} {2}\", or set --streams-max",
                  wanted / page_bytes, wanted / page_bytes * 3 / 2, wanted / page_bytes * 2);
  return line;
}

PreflightLine check_memory(const Settings& settings, const MachineRoot& root,
                           DescriptorLimit limit) {
  const uint64_t memory = usable_memory_bytes(root);
  const uint64_t worst = memory_budget(settings, limit.hard).total();
  const bool limited = cgroup_memory_bytes(root).has_value();
  PreflightLine line{Finding::ok, limited ? "memory (cgroup)" : "memory",
                     memory == 0 ? "unknown" : fmt::format("{} MiB", memory >> 20),
                     fmt::format("{} MiB at worst", worst >> 20), ""};
  if (memory == 0 || worst <= memory) return line;
  const uint64_t kept = settings.history_total_bytes + settings.bus_bytes;
  line.finding = kept > memory ? Finding::fail : Finding::warn;
  line.cure = kept > memory
                  ? "history and bus alone are larger: lower --history-total-bytes"
                  : "lower --streams-max or --history-total-bytes, or give it more memory";
  return line;
}

PreflightLine check_cores(const Settings& settings, const MachineRoot& root) {
  const unsigned usable = usable_cores(root);
  const auto quota = cgroup_cores(root);
  const unsigned wanted = settings.workers == 0 ? usable : settings.workers;
  PreflightLine line{
      Finding::ok, quota ? "cores (cgroup)" : "cores",
      quota ? fmt::format("{} (quota {:.2f})", usable, *quota) : fmt::format("{}", usable),
      fmt::format("{} workers", wanted), ""};
  if (wanted <= usable) return line;
  line.finding = Finding::warn;
  line.cure = fmt::format("more workers than cores share them: --workers {}", usable);
  return line;
}

// A node that tracks connections drops new ones when its table is full. No file: it does not.
void add_conntrack(std::vector<PreflightLine>& lines, const MachineRoot& root, uint64_t streams) {
  const auto here = read_kernel_number(root, "/proc/sys/net/netfilter/nf_conntrack_max");
  if (!here) return;
  PreflightLine line{Finding::ok, "tracked connections", fmt::format("{}", *here),
                     fmt::format("{} for {} streams", streams, streams), ""};
  if (*here < streams) {
    line.finding = Finding::warn;
    line.cure = fmt::format("sysctl -w net.netfilter.nf_conntrack_max={}", streams * 2);
  }
  lines.push_back(line);
}

// What the broker will run on, found by trying.
void add_engine(std::vector<PreflightLine>& lines, const Settings& settings,
                const PreflightFacts& facts) {
  if (facts.engine.empty()) return;
  PreflightLine line{Finding::ok, "engine", facts.engine, facts.engine_reason, ""};
  if (facts.engine == "none") {
    line.finding = Finding::fail;
    line.need = "io_uring";
    line.cure = facts.engine_reason;
  } else if (facts.engine == "epoll" && settings.engine == EngineChoice::automatic) {
    line.cure = "epoll serves as well; --engine epoll says that it is meant";
  }
  lines.push_back(line);
}

// io_uring_disabled: 0 allowed, 1 for a group alone, 2 for nobody. A seccomp filter may still
// forbid it: the broker tries it at start and says so.
PreflightLine check_io_uring(const Settings& settings, const MachineRoot& root) {
  const auto disabled = read_kernel_number(root, "/proc/sys/kernel/io_uring_disabled");
  PreflightLine line{
      Finding::ok, "io_uring", "allowed by the kernel",
      settings.engine == EngineChoice::epoll ? "not used" : "used if it works (--engine auto)", ""};
  if (!disabled) line.here = "no switch (kernel before 6.6)";
  if (!disabled || *disabled == 0 || settings.engine == EngineChoice::epoll) return line;
  line.here = fmt::format("kernel.io_uring_disabled={}", *disabled);
  line.finding = settings.engine == EngineChoice::io_uring ? Finding::fail : Finding::warn;
  line.cure = "epoll will serve instead; sysctl -w kernel.io_uring_disabled=0, or --engine epoll";
  return line;
}

PreflightFacts facts_of(EngineChoice wanted) {
  PreflightFacts facts;
  const auto chosen = choose_engine(wanted == EngineChoice::epoll      ? "epoll"
                                    : wanted == EngineChoice::io_uring ? "io_uring"
                                                                       : "auto");
  facts.engine = chosen ? chosen->name : "none";
  facts.engine_reason = chosen ? chosen->reason : chosen.error();
  return facts;
}

std::string_view name_of(Finding finding) {
  switch (finding) {
    case Finding::ok:
      return "ok";
    case Finding::warn:
      return "warn";
    case Finding::fail:
      return "FAIL";
  }
  return "";
}

}  // namespace

std::vector<PreflightLine> preflight(const Settings& settings, const MachineRoot& root,
                                     DescriptorLimit descriptors, const PreflightFacts& facts) {
  Settings effective = settings;
  if (facts.engine == "epoll") effective.engine = EngineChoice::epoll;  // one table for all
  if (effective.workers == 0) effective.workers = usable_cores(root);
  const uint64_t streams = memory_budget(effective, descriptors.hard).streams;
  std::vector<PreflightLine> lines = {
      check_descriptors(effective, descriptors, effective.workers, facts),
      check_backlog(root),
      check_tcp_memory(root, streams),
      check_memory(effective, root, descriptors),
      check_cores(effective, root),
      check_io_uring(settings, root)};
  add_conntrack(lines, root, streams);
  add_engine(lines, settings, facts);
  return lines;
}

std::string show_preflight(const std::vector<PreflightLine>& lines) {
  std::string text = fmt::format("{:<5} {:<25} {:<32} {}\n", "", "limit", "here", "wanted");
  for (const PreflightLine& line : lines) {
    text += fmt::format("{:<5} {:<25} {:<32} {}\n", name_of(line.finding), line.what, line.here,
                        line.need);
    if (!line.cure.empty()) text += fmt::format("      -> {}\n", line.cure);
  }
  return text;
}

int run_preflight(const SettingSources& sources) {
  const auto loaded = load_settings(sources);
  if (!loaded) {
    fmt::print(stderr, "fanfare preflight: {}\n", loaded.error());
    return 2;
  }
  Settings settings = loaded->settings;
  if (settings.workers == 0) settings.workers = usable_cores();
  PreflightFacts facts = facts_of(settings.engine);
  if (loaded->origins.contains("streams-max"))
    facts.streams_max = PreflightFacts::StreamsMax::asked_for;
  const auto lines = preflight(settings, {}, descriptor_limit(), facts);
  if (facts.engine == "epoll") settings.engine = EngineChoice::epoll;
  fmt::print(
      "{}\nMemory at worst:\n{}", show_preflight(lines),
      show_memory_budget(memory_budget(settings, descriptor_limit().hard), usable_memory_bytes()));
  const bool fails = std::any_of(lines.begin(), lines.end(), [](const PreflightLine& line) {
    return line.finding == Finding::fail;
  });
  return fails ? 1 : 0;
}

}  // namespace fanfare
