// bench/suite/measurement_json.cc: writing with fmt, reading with the broker's JSON reader.
#include "bench/suite/measurement_json.h"

#include <fmt/core.h>
#include <algorithm>

#include <charconv>
#include <fstream>

#include "net/json.h"

namespace fanfare::bench {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

// Members of one object, in the order they are added.
class Object {
 public:
  Object& number(std::string_view name, double value) {
    return raw(name, fmt::format("{:.6g}", value));
  }
  Object& count(std::string_view name, uint64_t value) { return raw(name, std::to_string(value)); }
  Object& text(std::string_view name, std::string_view value) { return raw(name, quoted(value)); }
  Object& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  Object& raw(std::string_view name, std::string_view json) {
    out_ += fmt::format("{}{}:{}", out_.empty() ? "" : ",", quoted(name), json);
    return *this;
  }
  std::string done() const { return "{" + out_ + "}"; }

 private:
  std::string out_;
};

template <class List, class Make>
std::string array(const List& list, Make&& make) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ",") + make(item);
  return "[" + out + "]";
}

std::string json_of(const Spread& spread) {
  Object object;
  object.count("count", spread.count).number("mean", spread.mean_ms);
  constexpr std::array<std::string_view, spread_shares.size()> names = {
      "min", "p25", "p50", "p75", "p90", "p95", "p99", "p99.5", "p99.9", "p99.95", "p99.99", "max"};
  for (std::size_t i = 0; i < names.size(); ++i) object.number(names[i], spread.at_ms[i]);
  return object.done();
}

std::string_view name_of(Drive drive) {
  return drive == Drive::rest ? "rest" : drive == Drive::open ? "open" : "closed";
}

std::string json_of(const StageResult& stage) {
  Object object;
  object.text("name", stage.name).text("loop", name_of(stage.drive));
  object.number("seconds", stage.seconds).number("rate_wanted", stage.rate_wanted);
  object.number("events_per_s", stage.per_s(stage.accepted));
  object.number("deliveries_per_s", stage.per_s(stage.deliveries));
  object.number("mbytes_per_s", stage.per_s(stage.bytes) / 1e6);
  const auto reads = static_cast<double>(std::max<uint64_t>(stage.reads, 1));
  object.number("events_per_read", static_cast<double>(stage.deliveries) / reads);
  object.count("refused", stage.rejected).count("unanswered", stage.unanswered);
  object.number("server_cpu_cores", stage.server_cores());
  object.number("softirq_cpu_cores", stage.softirq_cpu_s / std::max(stage.seconds, 1e-9));
  object.number("server_cpu_us_per_delivery", stage.cpu_us_per(stage.deliveries));
  object.number("server_cpu_us_per_event", stage.cpu_us_per(stage.accepted));
  object.number("generator_cpu_cores", stage.generator_cores());
  object.number("generator_busiest_process",
                stage.busiest_part_cpu_s / std::max(stage.seconds, 1e-9));
  object.number("generator_late_p99_ms", stage.late_p99_ms);
  object.number("resident_mb", stage.resident_mb).number("drain_s", stage.drain_s);
  object.raw("latency_ms", json_of(stage.latency)).raw("to_last_ms", json_of(stage.to_last));
  object.raw("publish_ms", json_of(stage.publish));
  if (!stage.groups.empty()) {
    object.raw("groups", array(stage.groups, [](const StageResult::GroupLatency& group) {
                 return Object()
                     .text("name", group.group)
                     .raw("latency_ms", json_of(group.latency))
                     .raw("to_last_ms", json_of(group.to_last))
                     .done();
               }));
  }
  return object.done();
}

std::string json_of(const Group& group) {
  return Object()
      .text("name", group.name)
      .count("streams", group.streams)
      .count("topics", group.topics)
      .count("publishers", group.publishers)
      .number("rate", group.rate)
      .count("bytes", group.bytes)
      .count("batch", group.batch)
      .count("topic_life", group.topic_life)
      .number("stalled_percent", group.stalled_percent)
      .number("slow_percent", group.slow_percent)
      .number("churn_per_s", group.churn_per_s)
      .done();
}

std::string json_of(const Checks& checks) {
  return Object()
      .count("deliveries", checks.deliveries)
      .count("lost", checks.lost)
      .count("twice", checks.twice)
      .count("out_of_order", checks.out_of_order)
      .count("corrupt", checks.corrupt)
      .count("streams_cut", checks.cut)
      .count("streams_refused", checks.refused)
      .count("events_refused", checks.rejected)
      .count("events_unanswered", checks.unanswered)
      .text("last_reason", checks.last_reason)
      .done();
}

std::string json_of(const Sample& sample) {
  return fmt::format("[{:.2f},{},{},{},{:.2f},{:.2f},{:.2f},{:.1f}]", sample.at_s, sample.streams,
                     sample.accepted, sample.deliveries, sample.server_cpu_s, sample.softirq_cpu_s,
                     sample.generator_cpu_s, sample.resident_mb);
}

void flatten(std::string_view json, const std::string& before, Figures& out) {
  JsonReader reader;
  TextArena arena;
  if (!reader.read_object(json, arena)) return;
  for (const JsonMember& member : reader.members()) {
    const std::string name = before + std::string(member.name);
    const JsonValue& value = member.value;
    if (value.kind == JsonKind::number) {
      double number = 0;
      std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
      out.numbers[name] = number;
    } else if (value.kind == JsonKind::string) {
      out.texts[name] = std::string(value.string);
    } else if (value.kind == JsonKind::object) {
      flatten(value.text, name + ".", out);
    } else if (value.kind == JsonKind::array) {
      JsonReader elements;
      TextArena texts;
      if (!elements.open_array(value.text)) continue;
      while (elements.next_object(texts) == JsonReader::Next::object) {
        for (const JsonMember& of_element : elements.members()) {
          if (of_element.name != "name") continue;
          flatten(elements.object_text(texts),
                  name + "." + std::string(of_element.value.string) + ".", out);
        }
      }
    }
  }
}

}  // namespace

std::string json_of(const Measurement& result) {
  Object object;
  object.count("format", 1).text("workload", result.workload).text("what", result.what);
  object.text("when", result.when).text("command", result.command);
  object.text("server", result.server).text("engine", result.engine);
  object.count("workers", result.workers);
  object.text("machine", result.machine).text("kernel", result.kernel).count("cores", result.cores);
  object.flag("interrupted", result.interrupted);
  object.raw("groups", array(result.groups, [](const Group& group) { return json_of(group); }));
  object.raw("opening", Object()
                            .count("wanted", result.streams_wanted)
                            .count("opened", result.streams_opened)
                            .number("seconds", result.opening_s)
                            .count("generator_processes", result.generator_processes)
                            .done());
  if (result.memory.known) {
    object.raw("memory", Object()
                             .number("before_mb", result.memory.before_mb)
                             .number("open_mb", result.memory.open_mb)
                             .number("end_mb", result.memory.end_mb)
                             .number("bytes_per_stream", result.memory.bytes_per_stream)
                             .done());
  }
  object.raw("stages",
             array(result.stages, [](const StageResult& stage) { return json_of(stage); }));
  if (result.storm) {
    object.raw("storm",
               Object()
                   .count("streams", result.storm->streams)
                   .count("missed_events", result.storm->missed_events)
                   .number("open_s", result.storm->open_s)
                   .number("caught_up_s", result.storm->caught_up_s)
                   .number("server_cpu_us_per_reconnect", result.storm->cpu_us_per_reconnect)
                   .flag("all_came_back", result.storm->all_came_back)
                   .done());
  }
  if (result.search) {
    object.raw("search", Object()
                             .number("p99_under_ms", result.search->p99_under_ms)
                             .number("events_per_s", result.search->events_per_s)
                             .number("deliveries_per_s", result.search->deliveries_per_s)
                             .number("p99_ms", result.search->p99_ms)
                             .flag("found", result.search->found)
                             .done());
  }
  object.raw("checks", json_of(result.checks));
  object.raw("series_columns",
             R"(["at_s","streams","accepted","deliveries","server_cpu_s","softirq_cpu_s",)"
             R"("generator_cpu_s","resident_mb"])");
  object.raw("series", array(result.series, [](const Sample& sample) { return json_of(sample); }));
  object.raw("verdict",
             array(result.verdict, [](const std::string& text) { return quoted(text); }));
  return object.done();
}

Result<Figures> figures_of(std::string_view json) {
  JsonReader reader;
  TextArena arena;
  if (!reader.read_object(json, arena)) return Error{reader.fault().what};
  Figures figures;
  flatten(json, "", figures);
  return figures;
}

Result<std::vector<Figures>> read_figures_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{"cannot read " + path};
  std::vector<Figures> all;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    auto figures = figures_of(line);
    if (!figures) return Error{path + " is not a result of fanfare bench: " + figures.error()};
    all.push_back(std::move(*figures));
  }
  if (all.empty()) return Error{path + " holds no result"};
  return all;
}

}  // namespace fanfare::bench
