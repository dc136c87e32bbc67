// bench/suite/verdict.cc: from figures to sentences.
#include "bench/suite/verdict.h"

#include <fmt/core.h>
#include <algorithm>

#include "bench/suite/progress.h"

namespace fanfare::bench {
namespace {

constexpr double busy_share = 0.9;  // of a core
constexpr double late_ms_max = 5;   // an idle publisher posted later than this
constexpr double drain_s_max = 0.5;

std::string number(double value) {
  return short_number(value);
}
std::string number(uint64_t value) {
  return short_number(static_cast<double>(value));
}

std::string correctness(const Checks& checks) {
  if (checks.deliveries == 0) return "No event was to be delivered, so none was checked.";
  if (checks.lost + checks.twice + checks.out_of_order + checks.corrupt == 0) {
    return fmt::format("Every one of the {} deliveries came once, whole and in order{}.",
                       number(checks.deliveries),
                       checks.cut == 0 ? "" : ", as far as streams were not cut");
  }
  return fmt::format(
      "NOT CORRECT: of {} deliveries {} lost, {} twice, {} out of order, {} corrupt.",
      number(checks.deliveries), checks.lost, checks.twice, checks.out_of_order, checks.corrupt);
}

std::string search_sentence(const SearchResult& search) {
  if (search.events_per_s == 0) {
    return fmt::format(
        "NOT found: no rate at which 99 % of the events reach their last subscriber in {:.3g} ms.",
        search.p99_under_ms);
  }
  return fmt::format(
      "The highest rate at which 99 % of the events reach their last subscriber in {:.3g} ms{} is "
      "{} events/s, {} deliveries/s (within {:.3g} ms).",
      search.p99_under_ms, search.found ? "" : ", as far as it was tried,",
      number(search.events_per_s), number(search.deliveries_per_s), search.p99_ms);
}

std::string stage_sentence(const StageResult& stage) {
  if (stage.drive == Drive::rest) return {};
  const bool has_readers = stage.deliveries > 0;
  const double per_s = stage.per_s(stage.accepted);
  std::string text;
  if (stage.drive == Drive::closed) {
    text = fmt::format("{}: as fast as answers came, {} events/s", stage.name, number(per_s));
    if (has_readers)
      text += fmt::format(" and {} deliveries/s", number(stage.per_s(stage.deliveries)));
  } else {
    text = fmt::format("{}: {} of {} events/s wanted{}", stage.name, number(per_s),
                       number(stage.rate_wanted),
                       stage.kept_rate() ? "" : ", which is NOT the rate that was wanted");
  }
  if (stage.latency.count > 0) {
    text += fmt::format("; half of the deliveries within {:.3g} ms, 99 % within {:.3g} ms",
                        stage.latency.p50(), stage.latency.p99());
  }
  if (stage.to_last.count > 0) {
    text += fmt::format("; the last subscriber of an event within {:.3g} ms (99 % of events)",
                        stage.to_last.p99());
  }
  if (stage.drain_s > drain_s_max) {
    text += fmt::format("; what it had accepted came for {:.1f} s more", stage.drain_s);
  }
  return text + ".";
}

}  // namespace

std::string generator_fault(const Measurement& result, const StageResult& stage) {
  if (stage.seconds <= 0) return {};
  const double busiest = stage.busiest_part_cpu_s / stage.seconds;
  const double server = stage.server_cores();
  const double server_full = busy_share * std::max(1u, result.workers);
  const bool server_is_idle = result.server_known && server < server_full;
  const bool full =
      busiest >= busy_share || stage.generator_cores() >= busy_share * result.generator_cores;
  if (full) {
    const std::string used = fmt::format(
        "In stage {} the generator used {:.0f} % of a core (its busiest process {:.0f} %)",
        stage.name, 100 * stage.generator_cores(), 100 * busiest);
    if (!result.server_known)
      return used + " and was full; what the server used is not known: it may do more than this.";
    return fmt::format("{} and the server {:.0f} %: {}", used, 100 * server,
                       server_is_idle
                           ? "the generator was the bottleneck, the server can do more than this."
                           : "both were full, readers may have waited for the generator.");
  }
  if (stage.late_p99_ms > late_ms_max) {
    return fmt::format(
        "In stage {} the generator posted up to {:.1f} ms late (99 %) although it was free: its "
        "latencies contain that.",
        stage.name, stage.late_p99_ms);
  }
  return {};
}

std::vector<std::string> verdict_of(const Measurement& result) {
  std::vector<std::string> words;
  if (result.interrupted)
    words.emplace_back("Interrupted: what follows is what there was by then.");
  if (result.streams_wanted > 0 && result.streams_opened == 0 && result.stages.empty()) {
    words.push_back(fmt::format(
        "Nothing was measured: not one of {} streams opened ({}).", result.streams_wanted,
        result.checks.last_reason.empty() ? "no reason was given" : result.checks.last_reason));
    return words;
  }
  words.push_back(correctness(result.checks));
  if (result.streams_opened < result.streams_wanted) {
    words.push_back(fmt::format(
        "Only {} of {} streams opened ({}).", result.streams_opened, result.streams_wanted,
        result.checks.last_reason.empty() ? "no reason was given" : result.checks.last_reason));
  }
  if (result.checks.cut > 0) {
    words.push_back(fmt::format("The server cut {} streams ({}).", result.checks.cut,
                                result.checks.last_reason));
  }
  if (result.checks.rejected + result.checks.unanswered > 0) {
    words.push_back(fmt::format("{} events were refused and {} not answered.",
                                result.checks.rejected, result.checks.unanswered));
  }
  if (result.search) {
    words.push_back(search_sentence(*result.search));  // the table has its stages
  } else {
    for (const StageResult& stage : result.stages) {
      if (auto sentence = stage_sentence(stage); !sentence.empty()) words.push_back(sentence);
    }
  }
  if (result.storm) {
    const StormResult& storm = *result.storm;
    words.push_back(fmt::format(
        "storm: {} streams were back after {:.2f} s and had their {} missed "
        "events after {:.2f} s{}.",
        number(uint64_t{storm.streams}), storm.open_s, storm.missed_events, storm.caught_up_s,
        storm.all_came_back ? "" : "; NOT all got what they missed"));
  }
  if (result.memory.bytes_per_stream > 0) {
    words.push_back(fmt::format("An open stream costs the server {:.0f} bytes of resident memory.",
                                result.memory.bytes_per_stream));
  }
  bool fault = false;
  for (const StageResult& stage : result.stages) {
    const std::string sentence = generator_fault(result, stage);
    if (sentence.empty()) continue;
    words.push_back(sentence);
    fault = true;
  }
  if (!fault && !result.stages.empty()) {
    words.emplace_back("The generator kept up: what was measured is the server.");
  }
  return words;
}

}  // namespace fanfare::bench
