// broker/server_state.h: what the workers of one process share: the bus, who sleeps, who wants
// what, the counts.
//
// Owned by: main (app/server.h); made before the workers, outlives them.   Thread: each part says
// its own.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/admission.h"
#include "broker/bus.h"
#include "broker/congestion.h"
#include "broker/interest_filter.h"
#include "broker/live_settings.h"
#include "broker/message.h"
#include "broker/sleepers.h"
#include "broker/stream_id.h"
#include "broker/worker_counters.h"
#include "core/mailbox.h"

namespace fanfare {

// One worker as the others see it.
struct WorkerDoor {
  Mailbox<Message> mailbox;
  std::shared_ptr<Waker> waker;          // set before any worker runs
  WorkerCounters counters;               // written by the worker, read by any
  std::atomic<uint32_t> connections{0};  // accepted and open, streams included: for balance
  std::atomic<int64_t> turned_at_ns{0};  // when its last turn began: /livez
};

struct ServerState {
  ServerState(unsigned workers, BusOptions bus_options, Epoch epoch_of_log,
              const MacKey& stream_key)
      : bus(std::move(bus_options)),
        congestion(workers),
        filters(workers),
        doors(workers),
        stream_ids(stream_key),
        epoch(epoch_of_log) {}

  unsigned workers() const { return static_cast<unsigned>(doors.size()); }

  // Any thread: hands a message to a worker and wakes it if it sleeps.
  void send(uint32_t worker, Message message) {
    if (!doors[worker].mailbox.push(std::move(message))) return;
    sleepers.wake_one(worker, [this](unsigned sleeper) { doors[sleeper].waker->wake(); });
  }
  void wake_for(std::span<const TopicHash> topics) {
    wake_readers(sleepers, bus, std::span<const InterestFilter>(filters), topics,
                 [this](unsigned sleeper) { doors[sleeper].waker->wake(); });
  }

  // After a refused claim: those who sleep on unread events hold its room.
  void wake_laggards() {
    fanfare::wake_laggards(sleepers, bus,
                           [this](unsigned sleeper) { doors[sleeper].waker->wake(); });
  }

  Bus bus;
  Congestion congestion;
  Sleepers sleepers;
  std::vector<InterestFilter> filters;
  std::deque<WorkerDoor> doors;
  Admission admission;
  const StreamIds stream_ids;
  const Epoch epoch;
  std::atomic<bool> accepting{false};  // /readyz
  std::atomic<bool> draining{false};
  Instant started{};
  std::string engine_name, engine_reason;  // for metrics; set before any worker runs
  std::function<std::string()>
      process_metrics;  // of memory, CPU and descriptors; set before any worker runs
};

}  // namespace fanfare
