// bench/suite/bench_options.cc: `--name value` and `--name=value`.
#include "bench/suite/bench_options.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

#include "app/nearest.h"
#include "app/units.h"

namespace fanfare::bench {
namespace {

constexpr double search_seconds = 4;  // at each rate

using Taken = std::string;  // empty, or what is wrong with the value
using Take = std::function<Taken(const std::string&)>;

Take text(std::string& into) {
  return [&into](const std::string& value) -> Taken { return into = value, ""; };
}
Take list(std::vector<std::string>& into) {
  return [&into](const std::string& value) -> Taken { return into.push_back(value), ""; };
}
Take count(std::function<void(uint32_t)> set) {
  return [set = std::move(set)](const std::string& value) -> Taken {
    const auto parsed = parse_count(value);
    if (!parsed) return parsed.error();
    if (*parsed > 100'000'000) return "is too large";
    return set(static_cast<uint32_t>(*parsed)), "";
  };
}
Take count(std::optional<uint32_t>& into) {
  return count([&into](uint32_t value) { into = value; });
}
Take number(std::optional<double>& into) {
  return [&into](const std::string& value) -> Taken {
    double parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc{} || end != value.data() + value.size() || parsed < 0) {
      return "'" + value + "' is no number that is not negative";
    }
    return into = parsed, "";
  };
}
Take cores(std::function<void(const std::vector<int>&)> set) {
  return [set = std::move(set)](const std::string& value) -> Taken {
    std::vector<int> numbers;
    for (std::size_t at = 0; value != "free" && at < value.size();) {
      const auto comma = std::min(value.find(',', at), value.size());
      int core = -1;
      std::from_chars(value.data() + at, value.data() + comma, core);
      if (core < 0) return "'" + value + "' is neither core numbers like 1,2 nor free";
      numbers.push_back(core);
      at = comma + 1;
    }
    return set(numbers), "";
  };
}

std::map<std::string, Take> takes_of(BenchOptions& o) {
  return {
      {"url", text(o.url)},
      {"preset", text(o.preset)},
      {"subscribe", text(o.subscribe)},
      {"publish", text(o.publish)},
      {"header", list(o.headers)},
      {"publish-header", list(o.publish_headers)},
      {"body", text(o.body)},
      {"content-type", text(o.content_type)},
      {"label", text(o.label)},
      {"server-pid", count([&o](uint32_t pid) { o.server_pid = static_cast<pid_t>(pid); })},
      {"json", text(o.json_file)},
      {"html", text(o.html_file)},
      {"streams", count(o.streams)},
      {"topics", count(o.topics)},
      {"publishers", count(o.publishers)},
      {"bytes", count(o.bytes)},
      {"batch", count(o.batch)},
      {"rate", number(o.rate)},
      {"seconds", number(o.seconds)},
      {"ramp", number(o.ramp)},
      {"p99-under", number(o.p99_under_ms)},
      {"stage", text(o.only_stage)},
      {"engine", text(o.broker.engine)},
      {"workers", count([&o](uint32_t n) { o.broker.workers = n, o.workers_given = true; })},
      {"serve", list(o.broker.flags)},
      {"server-core",
       cores([&o](const std::vector<int>& list) { o.server_core = list.empty() ? -1 : list[0]; })},
      {"cores", cores([&o](const std::vector<int>& list) { o.generator_cores = list; })},
  };
}

std::map<std::string, std::function<void()>> switches_of(BenchOptions& o) {
  return {{"small", [&o] { o.size = Size::small; }}, {"quiet", [&o] { o.talk = Talk::quiet; }}};
}

Error unknown_flag(const std::string& name, BenchOptions& options) {
  std::vector<std::string> known = {"small", "quiet"};
  for (const auto& [flag, take] : takes_of(options)) known.push_back(flag);
  return Error{"the flag --" + name + " is not known" + did_you_mean(name, known, "--")};
}

Error unknown_workload(const std::string& name) {
  std::string all;
  std::vector<std::string> known;
  for (const std::string_view workload : workload_names()) {
    known.emplace_back(workload);
    all += (all.empty() ? "" : ", ") + known.back();
  }
  if (name.empty()) return Error{"which workload? There are " + all};
  return Error{"there is no workload '" + name + "'" + did_you_mean(name, known) + ". There are " +
               all};
}

}  // namespace

Result<BenchOptions> parse_bench_options(std::span<const std::string> words) {
  BenchOptions options;
  const auto takes = takes_of(options);
  const auto switches = switches_of(options);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      if (options.workload.empty()) {
        options.workload = word;
      } else if (options.workload == "compare") {
        options.files.push_back(word);
      } else {
        return Error{"'" + word + "' is one word too many"};
      }
      continue;
    }
    const auto equals = word.find('=');
    const std::string name = word.substr(2, equals == word.npos ? equals : equals - 2);
    if (const auto known = switches.find(name); known != switches.end()) {
      known->second();
      continue;
    }
    const auto take = takes.find(name);
    if (take == takes.end()) {
      BenchOptions spare;
      return unknown_flag(name, spare);
    }
    if (equals == word.npos && i + 1 == words.size()) {
      return Error{"--" + name + ": a value is missing"};
    }
    const std::string value = equals == word.npos ? words[++i] : word.substr(equals + 1);
    if (const Taken wrong = take->second(value); !wrong.empty()) {
      return Error{"--" + name + ": " + wrong};
    }
  }
  const auto known = workload_names();
  const bool is_workload = std::find(known.begin(), known.end(), options.workload) != known.end();
  if (options.workload == "compare") {
    if (options.files.size() != 2) {
      return Error{"compare wants two files: fanfare bench compare a.json b.json"};
    }
  } else if (!is_workload && options.workload != "list") {
    return unknown_workload(options.workload);
  }
  if (options.url.empty() && options.subscribe.empty() != options.publish.empty()) {
    return Error{"--subscribe and --publish belong together, or --url with a --preset"};
  }
  return options;
}

Result<Plan> plan_of(const BenchOptions& options) {
  Plan plan = make_plan(options.workload, options.size);
  const bool shapes =
      options.topics || options.publishers || options.rate || options.bytes || options.batch;
  if (shapes && plan.groups.size() > 1) {
    return Error{plan.name +
                 " has several groups: --topics, --publishers, --rate, --bytes and --batch are "
                 "for workloads of one"};
  }
  Group& group = *std::ranges::max_element(plan.groups, {}, &Group::streams);
  const bool one_each = group.topics > 1 && group.topics == group.streams;
  group.streams = options.streams.value_or(group.streams);
  if (one_each) group.topics = group.streams;
  group.topics = options.topics.value_or(group.topics);
  group.publishers = options.publishers.value_or(group.publishers);
  group.rate = options.rate.value_or(group.rate);
  group.bytes = options.bytes.value_or(group.bytes);
  group.batch = std::max(1u, options.batch.value_or(group.batch));
  plan.ramp_per_s = std::max(1.0, options.ramp.value_or(plan.ramp_per_s));
  if (group.rate <= 0) return Error{"--rate: an open loop wants a rate above 0"};
  for (Stage& stage : plan.stages) {
    if (options.seconds && stage.counted == Counted::yes) stage.seconds = *options.seconds;
  }
  if (options.p99_under_ms) {
    if (!options.only_stage.empty()) return Error{"--p99-under has stages of its own: no --stage"};
    if (plan.groups.size() > 1 || group.streams == 0) {
      return Error{"--p99-under is for workloads of one group with streams, such as one-to-many"};
    }
    if (*options.p99_under_ms <= 0) return Error{"--p99-under: milliseconds above 0"};
    plan_search(plan, *options.p99_under_ms, options.seconds.value_or(search_seconds));
  }
  if (!options.only_stage.empty()) {
    // A warm-up belongs to what comes after it.
    std::vector<Stage> kept;
    for (std::size_t i = 0; i < plan.stages.size(); ++i) {
      if (plan.stages[i].name != options.only_stage) continue;
      if (i > 0 && plan.stages[i - 1].counted == Counted::no) kept.push_back(plan.stages[i - 1]);
      kept.push_back(plan.stages[i]);
    }
    if (kept.empty()) return Error{plan.name + " has no stage '" + options.only_stage + "'"};
    plan.stages = kept;
  }
  settle(plan);
  return plan;
}

}  // namespace fanfare::bench
