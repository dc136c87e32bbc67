// broker/status.cc: the counters of all workers, added up and named.
#include "broker/status.h"

#include <array>
#include <functional>

#include <fmt/core.h>

#include "net/json_escape.h"

namespace fanfare {
namespace {

struct CounterRow {
  std::string_view name, help;
  Counter WorkerCounters::*counter;
};
struct GaugeRow {
  std::string_view name, help;
  Gauge WorkerCounters::*gauge;
};

using W = WorkerCounters;
constexpr auto counters = std::to_array<CounterRow>({
    {"events_published_total", "Events that were given a number.", &W::events_published},
    {"publish_batches_total", "Publishes, of one event or many.", &W::batches_published},
    {"publishes_refused_total",
     "Publishes refused because readers were behind or the bus was full.", &W::publishes_refused},
    {"publishes_parked_total", "Publishes that had to wait for readers or the bus.",
     &W::publishes_parked},
    {"events_delivered_total", "Events handed to sockets, counted per stream.",
     &W::events_delivered},
    {"sends_total", "Sends tried on streams.", &W::sends},
    {"sends_blocked_total", "Sends that found a socket full or took a part.", &W::sends_blocked},
    {"sent_bytes_total", "Bytes handed to the sockets of streams.", &W::bytes_sent},
    {"sweeps_total", "Rounds through the streams of a feed.", &W::sweeps},
    {"streams_opened_total", "Streams opened.", &W::streams_opened},
    {"streams_closed_total", "Streams closed, for whatever reason.", &W::streams_closed},
    {"streams_refused_total", "Streams refused by a limit.", &W::streams_refused},
    {"streams_hung_up_total", "Streams whose reader went away.", &W::hung_up},
    {"gaps_total", "Gaps told to readers.", &W::gaps},
    {"lagged_total", "Streams whose place history had lost.", &W::lagged},
    {"heartbeats_total", "Heartbeats and position beacons sent.", &W::heartbeats},
    {"requests_total", "HTTP requests and lines answered or opened.", &W::requests},
    {"problems_total", "Requests refused with a problem.", &W::problems},
    {"connections_accepted_total", "Connections accepted.", &W::connections_accepted},
    {"connections_handed_over_total", "Connections given to a worker with fewer.",
     &W::connections_handed_over},
    {"turns_total", "Turns of the workers' loops.", &W::turns},
    {"wakes_total", "Times a sleeping worker was woken by another.", &W::wakes},
});
constexpr auto gauges = std::to_array<GaugeRow>({
    {"streams", "Open streams.", &W::streams},
    {"connections", "Open connections that are not streams.", &W::connections},
    {"feeds", "Distinct subscriptions with a stream.", &W::feeds},
    {"topics", "Topics remembered by name.", &W::topics},
    {"history_events", "Events kept for replay.", &W::history_events},
    {"history_bytes", "Bytes of events kept for replay.", &W::history_bytes},
    {"publishes_unanswered", "Publishes on the bus whose answer waits for the own worker.",
     &W::unanswered},
    {"bus_lag", "Events on the bus that a worker has not read.", &W::bus_lag},
});

template <class Value>
uint64_t sum(const ServerState& server, Value&& value) {
  uint64_t total = 0;
  for (const WorkerDoor& door : server.doors) total += static_cast<uint64_t>(value(door.counters));
  return total;
}

void head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
  out += fmt::format("# HELP fanfare_{0} {1}\n# TYPE fanfare_{0} {2}\n", name, help, type);
}

double seconds_of(Duration d) {
  return std::chrono::duration<double>(d).count();
}

void append_process(std::string& out, const ServerState& server, Instant now) {
  head(out, "engine_info", "The engine in use and why it was chosen.", "gauge");
  std::string reason;
  append_json_string(
      reason, server.engine_reason);  // the escapes of both formats agree on these characters
  out +=
      fmt::format("fanfare_engine_info{{engine=\"{}\",reason={}}} 1\n", server.engine_name, reason);
  head(out, "workers", "Worker threads.", "gauge");
  out += fmt::format("fanfare_workers {}\n", server.workers());
  head(out, "uptime_seconds", "Time since the start.", "gauge");
  out += fmt::format("fanfare_uptime_seconds {:.3f}\n", seconds_of(now - server.started));
  head(out, "accepting", "1 while new streams are taken, 0 while draining.", "gauge");
  out += fmt::format("fanfare_accepting {}\n", server.accepting.load() ? 1 : 0);
  head(out, "bus_bytes", "Bytes of events that not every worker has read.", "gauge");
  out += fmt::format("fanfare_bus_bytes {}\n", server.bus.bytes());
  head(out, "bus_used_slots", "Slots of the bus in use.", "gauge");
  out += fmt::format("fanfare_bus_used_slots {}\n", server.bus.used_slots());
  head(out, "bus_unreleased", "Distance from the oldest claimed but unreleased slot to the tail.",
       "gauge");
  out += fmt::format("fanfare_bus_unreleased {}\n", server.bus.unreleased().distance);
  head(out, "last_event_number", "The newest number given to an event.", "gauge");
  out += fmt::format("fanfare_last_event_number {}\n", server.bus.tail().value);
}

}  // namespace

std::string metrics_text(const ServerState& server, Instant now) {
  std::string out;
  out.reserve(8192);
  append_process(out, server, now);
  for (const CounterRow& row : counters) {
    head(out, row.name, row.help, "counter");
    out += fmt::format("fanfare_{} {}\n", row.name,
                       sum(server, [&](const W& w) { return (w.*row.counter).value(); }));
  }
  for (const GaugeRow& row : gauges) {
    head(out, row.name, row.help, "gauge");
    for (std::size_t i = 0; i < server.doors.size(); ++i) {
      out += fmt::format("fanfare_{}{{worker=\"{}\"}} {}\n", row.name, i,
                         (server.doors[i].counters.*row.gauge).value());
    }
  }
  if (server.process_metrics) out += server.process_metrics();
  return out;
}

std::string statz_json(const ServerState& server, Instant now) {
  std::string out = fmt::format("{{\"engine\":\"{}\",\"engine_reason\":", server.engine_name);
  append_json_string(out, server.engine_reason);
  out +=
      fmt::format(",\"uptime_s\":{:.3f},\"draining\":{},\"last_event_number\":{},\"bus_bytes\":{}",
                  seconds_of(now - server.started), server.draining.load(), server.bus.tail().value,
                  server.bus.bytes());
  for (const CounterRow& row : counters) {
    out += fmt::format(",\"{}\":{}", row.name,
                       sum(server, [&](const W& w) { return (w.*row.counter).value(); }));
  }
  out += ",\"workers\":[";
  for (std::size_t i = 0; i < server.doors.size(); ++i) {
    const WorkerDoor& door = server.doors[i];
    out += fmt::format("{}{{\"worker\":{}", i == 0 ? "" : ",", i);
    for (const GaugeRow& row : gauges)
      out += fmt::format(",\"{}\":{}", row.name, (door.counters.*row.gauge).value());
    out += fmt::format(",\"mailbox\":{}}}", door.mailbox.backlog());
  }
  out += "]}\n";
  return out;
}

bool is_live(const ServerState& server, Instant now) {
  for (const WorkerDoor& door : server.doors) {
    const Instant turned{
        std::chrono::nanoseconds(door.turned_at_ns.load(std::memory_order_relaxed))};
    if (now - turned > live_turn_max) return false;
  }
  return true;
}

}  // namespace fanfare
