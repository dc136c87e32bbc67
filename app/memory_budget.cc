// app/memory_budget.cc: each line is a limit of broker/settings.h or core/limits.h times what one
// costs.
#include "app/memory_budget.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "app/log.h"
#include "broker/fanout.h"
#include "broker/feed.h"
#include "broker/stream.h"
#include "core/limits.h"

namespace fanfare {
namespace {

// Estimates of what has no size of its own, allocator included; bytes.
constexpr uint64_t bus_slot_bytes = 24;
constexpr uint64_t engine_place_bytes = 32;  // an engine's entry for a slot
constexpr uint64_t feed_text_bytes = 512;    // its subscription, index entries, smallest block
constexpr uint64_t topic_entry_bytes = 384;  // a topic's name and index in history
constexpr uint64_t key_entry_bytes =
    512;  // an idempotency key, its answer and its place in the table
constexpr uint64_t worker_bytes = uint64_t{2} << 20;  // stack in use, arenas, scratch, counters

uint64_t saturating_multiply(uint64_t a, uint64_t b) {
  if (a != 0 && b > std::numeric_limits<uint64_t>::max() / a) {
    return std::numeric_limits<uint64_t>::max();
  }
  return a * b;
}

uint64_t saturating_add(uint64_t a, uint64_t b) {
  return a > std::numeric_limits<uint64_t>::max() - b ? std::numeric_limits<uint64_t>::max()
                                                      : a + b;
}

// With direct descriptors (io_uring) the limit holds for each worker, without them for the process.
uint64_t streams_of(const Settings& settings, uint64_t workers, uint64_t descriptors) {
  uint64_t tables = settings.engine == EngineChoice::epoll ? 1 : workers;
  const uint64_t spare = std::min<uint64_t>(limits::descriptors_reserve, descriptors / 2);
  uint64_t streams =
      std::min(settings.streams_max, saturating_multiply(descriptors - spare, tables));
  if (settings.streams_per_worker_max != 0) {
    streams = std::min(streams, settings.streams_per_worker_max * workers);
  }
  return streams;
}

// "1.5 GiB": for people, not to be read back.
std::string rounded(uint64_t bytes) {
  constexpr uint64_t gib = uint64_t{1} << 30, mib = uint64_t{1} << 20;
  const auto amount = static_cast<double>(bytes);
  if (bytes >= gib) return fmt::format("{:.1f} GiB", amount / static_cast<double>(gib));
  if (bytes >= mib) return fmt::format("{:.1f} MiB", amount / static_cast<double>(mib));
  if (bytes >= 1024) return fmt::format("{:.1f} KiB", amount / 1024);
  return fmt::format("{} B", bytes);
}

}  // namespace

uint64_t MemoryLine::bytes() const {
  return saturating_multiply(count, bytes_each);
}

uint64_t MemoryBudget::total() const {
  uint64_t sum = 0;
  for (const MemoryLine& line : lines) sum = saturating_add(sum, line.bytes());
  return sum;
}

MemoryBudget memory_budget(const Settings& settings, uint64_t descriptors) {
  const uint64_t workers = std::max(1U, settings.workers);
  MemoryBudget budget;
  budget.streams = streams_of(settings, workers, descriptors);
  // A feed has at least one stream.
  const uint64_t feeds = std::min<uint64_t>(settings.feeds_max * workers, budget.streams);
  const auto add = [&](std::string what, uint64_t count, uint64_t bytes_each) {
    budget.lines.push_back({std::move(what), count, bytes_each});
  };
  add("streams", budget.streams, sizeof(Stream) + engine_place_bytes + sizeof(uint32_t));
  add("bytes of one stream alone, all stalled", budget.streams, limits::own_bytes_max);
  add("feeds", feeds, sizeof(Feed) + feed_text_bytes);
  add("windows of feeds, per worker", workers, FanOut::Limits{}.windows_bytes_total);
  add("history", 1, settings.history_total_bytes);
  add("names of topics", settings.history_topics_max, topic_entry_bytes);
  add("bus: slots", settings.bus_slots, bus_slot_bytes);
  add("bus: events under way", 1, settings.bus_bytes);
  add("idempotency keys", settings.keys_max * workers, key_entry_bytes);
  add("workers", workers, worker_bytes + limits::connection_buffer_bytes);
  budget.largest_request = {"a connection in the middle of a request", 1,
                            settings.head_bytes_max + settings.batch_bytes_max};
  return budget;
}

std::string show_memory_budget(const MemoryBudget& budget, uint64_t memory) {
  std::string text;
  for (const MemoryLine& line : budget.lines) {
    text += fmt::format("  {:<42} {:>10} x {:>10} = {:>10}\n", line.what, line.count,
                        rounded(line.bytes_each), rounded(line.bytes()));
  }
  text += fmt::format("  {:<42} {:>36}\n", "all, at worst", rounded(budget.total()));
  if (memory != 0) text += fmt::format("  {:<42} {:>36}\n", "memory here", rounded(memory));
  return text + fmt::format("  besides: {}, up to {}; the kernel's buffers of sockets\n",
                            budget.largest_request.what, rounded(budget.largest_request.bytes()));
}

void log_memory_budget(const MemoryBudget& budget, uint64_t memory) {
  log_info("memory.budget", {{"worst", rounded(budget.total())},
                             {"worst_bytes", budget.total()},
                             {"memory_bytes", memory},
                             {"streams_max", budget.streams}});
  if (memory == 0 || budget.total() <= memory) return;
  log_warn("memory.may_run_out",
           {{"worst", rounded(budget.total())},
            {"memory", rounded(memory)},
            {"cure",
             "lower --streams-max or --history-total-bytes, or give it more memory; "
             "`fanfare preflight` shows the sum"}});
}

}  // namespace fanfare
