// app/pub.cc: batches of lines, each sent until the broker has answered for it.
#include "app/pub.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstring>
#include <ostream>
#include <span>
#include <vector>

#include "app/broker_answer.h"
#include "app/http_client.h"
#include "app/line_reader.h"
#include "app/pub_batch.h"
#include "app/units.h"
#include "net/json.h"

namespace fanfare {
namespace {

constexpr std::size_t batch_lines_max = 4096;
constexpr std::size_t batch_bytes_max = 1 << 20;
// Shorter than the five minutes for which a broker remembers a key.
constexpr Duration key_age_max = std::chrono::minutes(4);
constexpr int done_exit_code = 0, not_done_exit_code = 1, usage_exit_code = 2;

using Lines = std::span<const InputLine>;
using Kind = ClientFailure::Kind;

std::string numbers_of(Lines lines) {
  if (lines.size() == 1) return fmt::format("line {}", lines.front().number);
  return fmt::format("lines {} to {}", lines.front().number, lines.back().number);
}

// "5f3a9c21d04be877" of "5f3a9c21d04be877-1042".
std::string epoch_of(const ClientAnswer& answer) {
  auto id = json_member(answer.body, "last");
  if (!id) id = json_member(answer.body, "id");
  return id ? id->substr(0, id->find('-')) : std::string();
}

class Publisher {
 public:
  Publisher(const PubOptions& options, BrokerAddress address, std::string authorization,
            std::ostream& err, Interrupt stop)
      : options_(options),
        err_(err),
        stop_(stop),
        batch_(options),
        // Not interrupted in mid-request: whether it was carried out would be unknown.
        client_(std::move(address), {.silence = options.answer_timeout}),
        backoff_(options.retry_first, options.retry_max) {
    fields_.emplace_back("Content-Type", "application/x-ndjson");
    if (!authorization.empty()) fields_.emplace_back("Authorization", std::move(authorization));
    fields_.emplace_back("Idempotency-Key", "");
    key_prefix_ = fmt::format("pub-{:016x}{:016x}", random_number(), random_number());
  }

  int run(int input);

 private:
  enum class Next : uint8_t { go_on, stop };
  enum class Verdict : uint8_t { published, again, too_large, refused };

  // One batch and what is known of its fate.
  struct Attempt {
    Lines lines;
    Instant first_sent{};
    bool may_be_published = false;  // an answer was lost
    std::optional<Duration> asked_wait;
    std::string why;  // the last try failed
    Lines blamed;     // for it: all, or the one that the broker names
  };

  Next take(std::vector<InputLine>& lines);
  Next deliver(Lines lines);
  Verdict try_once(Attempt& attempt, const std::string& body);
  Verdict judge(Attempt& attempt, const ClientAnswer& answer);
  static void blame(Attempt& attempt, const ClientAnswer& answer);
  Next wait_again(const Attempt& attempt);
  Next skip(const InputLine& line, std::string_view fault);
  void count(const Attempt& attempt, const ClientAnswer& answer);
  void say(std::string_view text) { err_ << "fanfare pub: " << text << std::endl; }
  int summary();

  const PubOptions& options_;
  std::ostream& err_;
  const Interrupt stop_;
  const PubBatch batch_;
  HttpClient client_;
  Backoff backoff_;
  std::vector<std::pair<std::string, std::string>> fields_;  // the key is the last one
  std::string key_prefix_;
  uint64_t keys_ = 0;
  uint64_t published_ = 0, skipped_ = 0;
  bool failed_ = false;
  bool was_reached_ = false;     // the broker, once
  std::optional<Instant> away_;  // since when it cannot be reached, or refuses for now
  std::string epoch_;            // of the latest answer
};

int Publisher::run(int input) {
  LineReader reader(input, stop_);
  while (true) {
    std::vector<InputLine> lines;
    const LineReader::Take result = reader.take(lines, batch_lines_max, batch_bytes_max);
    if (take(lines) == Next::stop) {
      failed_ = true;
      return summary();
    }
    if (result == LineReader::Take::failed) {
      say(fmt::format("cannot read standard input: {}", std::strerror(reader.error())));
      failed_ = true;
    }
    if (result != LineReader::Take::lines) return summary();
  }
}

// Publishes those that can be events, in order.
Publisher::Next Publisher::take(std::vector<InputLine>& lines) {
  std::vector<InputLine> good;
  for (InputLine& line : lines) {
    const auto fault = batch_.fault_of(line);
    if (!fault) {
      good.push_back(std::move(line));
      continue;
    }
    if (options_.bad_line == BadLine::stop && deliver(good) == Next::stop) return Next::stop;
    if (skip(line, *fault) == Next::stop) return Next::stop;
  }
  return deliver(good);
}

Publisher::Next Publisher::skip(const InputLine& line, std::string_view fault) {
  constexpr uint64_t told_max = 20;  // a binary file should not scroll all else away
  ++skipped_;
  const bool goes_on = options_.bad_line == BadLine::skip;
  if (!goes_on || skipped_ <= told_max) {
    say(fmt::format("line {} {}; {}", line.number, fault, goes_on ? "skipped" : "stopping there"));
  }
  if (goes_on && skipped_ == told_max) say("further lines that are skipped are only counted");
  return goes_on ? Next::go_on : Next::stop;
}

Publisher::Next Publisher::deliver(Lines lines) {
  if (lines.empty()) return Next::go_on;
  const std::string body = batch_.body_of(lines);
  fields_.back().second = fmt::format("{}-{}", key_prefix_, ++keys_);
  Attempt attempt{lines, monotonic_now(), false, {}, {}, lines};
  while (true) {
    switch (try_once(attempt, body)) {
      case Verdict::published:
        return Next::go_on;
      case Verdict::refused:
        say(fmt::format("{}: {}", numbers_of(attempt.blamed), attempt.why));
        return Next::stop;
      case Verdict::too_large: {
        // Nothing of it was published: its halves may pass, or a single line is found.
        const std::size_t half = lines.size() / 2;
        if (half == 0) return skip(lines[0], fmt::format("is too long ({})", attempt.why));
        if (deliver(lines.first(half)) == Next::stop) return Next::stop;
        return deliver(lines.subspan(half));
      }
      case Verdict::again:
        if (wait_again(attempt) == Next::stop) return Next::stop;
    }
  }
}

Publisher::Verdict Publisher::try_once(Attempt& attempt, const std::string& body) {
  attempt.asked_wait.reset();
  const ClientOutcome outcome = client_.request({"POST", "/events", fields_, body});
  // A status whose body was cut off says enough, unless it may be the 200 that counts.
  if (!outcome.failure) {
    was_reached_ = true;
    return judge(attempt, outcome.answer);
  }
  if (outcome.failure->kind == Kind::not_connected) {
    attempt.why =
        fmt::format("cannot reach {}: {}", client_.address().text(), outcome.failure->message);
    if (was_reached_) return Verdict::again;
    attempt.why += ". Is it running? fanfare serve";
    return Verdict::refused;
  }
  attempt.why = fmt::format("lost {}: {}", client_.address().text(), outcome.failure->message);
  if (outcome.failure->kind == Kind::malformed) return Verdict::refused;
  was_reached_ = true;
  attempt.may_be_published = true;
  return Verdict::again;
}

Publisher::Verdict Publisher::judge(Attempt& attempt, const ClientAnswer& answer) {
  if (answer.status == 200) {
    count(attempt, answer);
    return Verdict::published;
  }
  attempt.why = reason_of(answer);
  blame(attempt, answer);
  attempt.asked_wait = retry_after(answer);
  if (answer.status == 413) return Verdict::too_large;
  // The try before this one is still at work: its answer comes under the same key.
  const bool in_progress =
      answer.status == 409 && attempt.may_be_published &&
      json_member(answer.body, "type").value_or("").ends_with("key-in-progress");
  if (!in_progress && !is_temporary(answer.status)) return Verdict::refused;
  // 429 and 503 are the broker's word that nothing was published; others, perhaps a proxy's, not.
  if (answer.status != 429 && answer.status != 503) attempt.may_be_published = true;
  return Verdict::again;
}

// The broker counts the lines of a batch; people those of the input.
void Publisher::blame(Attempt& attempt, const ClientAnswer& answer) {
  const auto member = json_member(answer.body, "line");
  const auto line = parse_count(member.value_or(""));
  if (!line || *line == 0 || *line > attempt.lines.size()) return;
  attempt.blamed = attempt.lines.subspan(*line - 1, 1);
  const std::string counted = fmt::format("line {}: ", *line);
  if (const auto at = attempt.why.find(counted); at != std::string::npos) {
    attempt.why.erase(at, counted.size());
  }
}

void Publisher::count(const Attempt& attempt, const ClientAnswer& answer) {
  published_ += attempt.lines.size();
  const std::string epoch = epoch_of(answer);
  const bool is_replay = !answer.field("idempotency-replayed").empty();
  if (attempt.may_be_published && !is_replay) {
    // Mostly the lost try never arrived. But the broker may have forgotten it.
    const bool restarted = !epoch_.empty() && epoch != epoch_;
    const bool too_late = monotonic_now() - attempt.first_sent > key_age_max;
    if (restarted || too_late) {
      say(fmt::format("{} may be published twice: {} before their answer came",
                      numbers_of(attempt.lines),
                      restarted ? "the broker was restarted" : "minutes passed"));
    }
  }
  epoch_ = epoch;
  if (away_) {
    say(fmt::format("going on after {:.1f} s",
                    std::chrono::duration<double>(monotonic_now() - *away_).count()));
    away_.reset();
  }
  backoff_.reset();
}

// Told once for each time that the broker is away.
Publisher::Next Publisher::wait_again(const Attempt& attempt) {
  if (!away_) {
    away_ = monotonic_now();
    say(fmt::format("{}; trying again", attempt.why));
  }
  if (sleep_unless(stop_, backoff_.next(attempt.asked_wait))) return Next::go_on;
  say(fmt::format("stopped while {} {}", numbers_of(attempt.lines),
                  attempt.may_be_published ? "had no answer: published or not, nobody knows"
                                           : "could not be published"));
  return Next::stop;
}

int Publisher::summary() {
  if (options_.summary == Summary::print) {
    std::string text = fmt::format("published {} event{} on {}", published_,
                                   published_ == 1 ? "" : "s", printable(options_.topic));
    if (skipped_ != 0) text += fmt::format(", skipped {} that could not be published", skipped_);
    say(text);
  }
  return failed_ || skipped_ != 0 ? not_done_exit_code : done_exit_code;
}

}  // namespace

int run_pub(const PubOptions& options, int input, std::ostream& err, int stop) {
  const auto wrong = [&](std::string_view what) {
    err << "fanfare pub: " << what << std::endl;
    return usage_exit_code;
  };
  if (!is_valid_utf8(options.topic) || !is_valid_utf8(options.event)) {
    return wrong("the topic or the event's type is not UTF-8");
  }
  auto address = broker_address(options.url, options.socket);
  if (!address) return wrong(address.error());
  auto authorization = authorization_of(options.key_file);
  if (!authorization) return wrong(authorization.error());
  if (isatty(input) != 0) {
    err << "fanfare pub: each line you type becomes an event on " << printable(options.topic)
        << "; Ctrl-D ends" << std::endl;
  }
  return Publisher(options, std::move(*address), std::move(*authorization), err, {stop, -1})
      .run(input);
}

}  // namespace fanfare
