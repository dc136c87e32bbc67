// app/sub.cc: one request after the other, each from where the last one ended.
//
// Events come as text/event-stream in all forms. For --json with envelope=1: its data is the object
// that an NDJSON reader gets, while retry, ids and control events stay those of SSE.
#include "app/sub.h"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ostream>

#include "app/broker_answer.h"
#include "app/http_client.h"
#include "app/sse_reader.h"
#include "app/sub_notes.h"
#include "app/units.h"
#include "net/http.h"

namespace fanfare {
namespace {

using Kind = ClientFailure::Kind;
// Longer than that, and the next failure is a first one.
constexpr Duration steady_time = std::chrono::seconds(10);
constexpr uint64_t kept_s_max = 100ull * 366 * 86'400;
constexpr int done_exit_code = 0, failed_exit_code = 1, usage_exit_code = 2;

std::string topics_in_words(const std::vector<std::string>& topics) {
  std::string text;
  for (const std::string& topic : topics) text += (text.empty() ? "" : ", ") + printable(topic);
  return text;
}

bool is_stream(const ClientAnswer& head) {
  return head.field("content-type").starts_with("text/event-stream");
}

class Subscriber {
 public:
  Subscriber(const SubOptions& options, BrokerAddress address, std::string authorization,
             int output, std::ostream& err, int stop)
      : options_(options),
        output_(output),
        err_(err),
        interrupt_{stop, output},
        client_(std::move(address), {.silence = options.silence_max}, interrupt_),
        backoff_(options.retry_first, options.retry_max),
        of_(topics_in_words(options.topics)) {
    reader_.set_last_event_id(options.last_event_id);
    fields_.emplace_back("Cache-Control", "no-cache");
    // Not text/event-stream alone: that would be an EventSource, from which refusals are hidden.
    fields_.emplace_back("Accept", "text/event-stream, application/problem+json;q=0.5");
    if (!authorization.empty()) fields_.emplace_back("Authorization", std::move(authorization));
  }

  int run() {
    while (!exit_code_) {
      read_once();
      if (!exit_code_ && !sleep_unless(interrupt_, wait_)) exit_code_ = done_exit_code;
    }
    return *exit_code_;
  }

 private:
  std::string target() const;
  void read_once();
  SinkSays take_bytes(std::string_view bytes);
  SseTaste take_block(const SseBlock& block);
  void take_control(const SseBlock& block);
  void print(const SseBlock& block);
  void flush();
  void begin_reading();
  void after(const ClientOutcome& outcome);
  void after_failure(const ClientFailure& failure);
  void after_end();
  void come_again(std::string_view why, std::optional<Duration> asked = std::nullopt);
  void end(int exit_code, std::string_view why = {}) {
    if (!why.empty()) say(why);
    exit_code_ = exit_code;
  }
  void say(std::string_view text) { err_ << "fanfare sub: " << text << std::endl; }

  const SubOptions& options_;
  const int output_;
  std::ostream& err_;
  const Interrupt interrupt_;
  HttpClient client_;
  Backoff backoff_;
  const std::string of_;
  std::vector<std::pair<std::string, std::string>> fields_;
  SseReader reader_;
  std::string printed_;  // and not yet written
  uint64_t events_ = 0;
  Duration wait_{};
  std::optional<int> exit_code_;

  bool was_reached_ = false;         // the broker, ever
  Instant began_{};                  // the stream
  bool is_new_ = true;               // this stream has given nothing yet
  bool is_broken_ = false;           // it cannot be read on
  std::optional<Instant> away_;      // since when there is no connection
  std::optional<Duration> absence_;  // how long the last one was missed, for a gap that follows
  std::optional<Duration> history_;  // how long the broker keeps events; it says so before a gap
  std::optional<CloseNote> close_;   // of this stream
};

std::string Subscriber::target() const {
  std::string target = "/events?";
  for (const std::string& topic : options_.topics) {
    target += fmt::format("topic={}&", percent_encode(topic));
  }
  target += "heartbeat=15";
  if (options_.output == SubOutput::json) target += "&envelope=1";
  if (!reader_.last_event_id().empty()) return target;
  if (!options_.since.empty()) target += "&since=" + percent_encode(options_.since);
  if (!options_.last.empty()) target += "&last=" + percent_encode(options_.last);
  return target;
}

void Subscriber::read_once() {
  ClientRequest request{"GET", target(), fields_, {}};
  const std::string id = reader_.last_event_id();
  if (!id.empty()) request.fields.emplace_back("Last-Event-ID", id);
  reader_.begin_stream();
  is_new_ = true;
  is_broken_ = false;
  close_.reset();
  const ClientOutcome outcome =
      client_.request(request, [this](const ClientAnswer& head, std::string_view bytes) {
        if (!is_stream(head)) return SinkSays::enough;
        const auto kept_s = parse_count(head.field("fanfare-history"));
        history_.reset();
        if (kept_s) history_ = std::chrono::seconds(std::min(*kept_s, kept_s_max));
        return take_bytes(bytes);
      });
  if (!exit_code_) after(outcome);
}

SinkSays Subscriber::take_bytes(std::string_view bytes) {
  if (is_new_) begin_reading();
  is_new_ = false;
  const bool fine =
      reader_.read(bytes, [this](const SseBlock& block) { return take_block(block); });
  flush();
  if (!fine) is_broken_ = true;
  return exit_code_ || close_ || is_broken_ ? SinkSays::enough : SinkSays::more;
}

void Subscriber::begin_reading() {
  absence_.reset();
  if (away_) {
    absence_ = monotonic_now() - *away_;
    say(fmt::format("connected again after {}", time_in_words(*absence_)));
  }
  away_.reset();
  began_ = monotonic_now();
}

SseTaste Subscriber::take_block(const SseBlock& block) {
  if (const auto retry = reader_.retry()) backoff_.set_first(*retry);
  const bool is_control = block.type.starts_with("fanfare.");
  if (options_.output == SubOutput::sse) printed_ += block.raw;
  if (is_control && block.has_data) {
    take_control(block);
  } else if (block.has_data) {
    backoff_.reset();
    print(block);
  }
  return exit_code_ || close_ ? SseTaste::stop : SseTaste::go_on;
}

void Subscriber::print(const SseBlock& block) {
  if (options_.output != SubOutput::sse) {
    printed_ += block.data;
    printed_ += '\n';
  }
  ++events_;
  if (options_.count != 0 && events_ == options_.count) end(done_exit_code);
}

void Subscriber::take_control(const SseBlock& block) {
  flush();  // on a terminal what is said stands where it happened
  if (block.type == "fanfare.gap") {
    say(gap_in_words(block.data, of_, reader_.last_event_id(), {absence_, history_}));
  } else if (block.type == "fanfare.close") {
    close_ = read_close(block.data);
  } else if (block.type == "fanfare.end") {
    say(fmt::format("the topic {} has ended",
                    printable(json_member(block.data, "topic").value_or("?"))));
  }
}

// Ends it quietly when nobody reads any more.
void Subscriber::flush() {
  std::string_view left = printed_;
  while (!left.empty()) {
    const ssize_t count = write(output_, left.data(), left.size());
    if (count >= 0) {
      left.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EINTR) {
      pollfd polled[] = {{output_, POLLOUT, 0}, {interrupt_.readable, POLLIN, 0}};
      poll(polled, 2, -1);
      if (polled[1].revents != 0) break;
    } else {
      const bool is_closed = errno == EPIPE;
      end(is_closed ? done_exit_code : failed_exit_code,
          is_closed ? "" : fmt::format("cannot write: {}", std::strerror(errno)));
      break;
    }
  }
  printed_.clear();
}

void Subscriber::after(const ClientOutcome& outcome) {
  const ClientAnswer& answer = outcome.answer;
  if (answer.status != 0) was_reached_ = true;
  if (answer.status == 200 && !is_stream(answer)) {
    return end(failed_exit_code,
               fmt::format("{} answered with '{}', not with a stream of events: is it a broker?",
                           client_.address().text(), printable(answer.field("content-type"))));
  }
  // What stood for a while is no failing try.
  if (answer.status == 200 && monotonic_now() - began_ >= steady_time) backoff_.reset();
  if (close_ || is_broken_ || (answer.status == 200 && !outcome.failure)) return after_end();
  if (outcome.failure && (answer.status == 0 || answer.status == 200)) {
    return after_failure(*outcome.failure);
  }
  if (answer.status == 204) {
    return end(failed_exit_code, fmt::format("nothing more will come on {}: HTTP 204", of_));
  }
  if (is_temporary(answer.status)) return come_again(reason_of(answer), retry_after(answer));
  end(failed_exit_code, reason_of(answer));
}

void Subscriber::after_failure(const ClientFailure& failure) {
  const std::string url = client_.address().text();
  switch (failure.kind) {
    case Kind::interrupted:
      return end(done_exit_code);
    case Kind::malformed:
      return end(failed_exit_code, url + ": " + failure.message);
    case Kind::not_connected: {
      const std::string why = fmt::format("cannot reach {}: {}", url, failure.message);
      if (was_reached_) return come_again(why);
      return end(failed_exit_code, why + ". Is it running? fanfare serve");
    }
    case Kind::timed_out:
      return come_again(fmt::format("connection lost: nothing came from {} for {}", url,
                                    time_in_words(options_.silence_max)));
    case Kind::lost:
      return come_again(fmt::format("connection lost: {}", failure.message));
  }
}

// The broker said goodbye, or let the body end without a word.
void Subscriber::after_end() {
  if (is_broken_) return come_again("an event has more than 64 MiB: beginning again");
  if (!close_) return come_again("connection lost: the stream ended");
  if (!close_->is_final) return come_again(close_->text, close_->retry);
  const bool is_whole = close_->reason == "ended";
  end(is_whole ? done_exit_code : failed_exit_code, close_->text + ", for good");
}

// Told once for each absence.
void Subscriber::come_again(std::string_view why, std::optional<Duration> asked) {
  wait_ = backoff_.next(asked);
  if (!away_) {
    away_ = monotonic_now();
    say(fmt::format("{}; coming again in {}", why, time_in_words(wait_)));
  }
}

}  // namespace

int run_sub(const SubOptions& options, int output, std::ostream& err, int stop) {
  const auto wrong = [&](std::string_view what) {
    err << "fanfare sub: " << what << std::endl;
    return usage_exit_code;
  };
  if (options.topics.empty()) return wrong("which topics? fanfare sub TOPIC...");
  if (options.last_event_id.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return wrong("--last-event-id has a line end or NUL in it");
  }
  auto address = broker_address(options.url, options.socket);
  if (!address) return wrong(address.error());
  auto authorization = authorization_of(options.key_file);
  if (!authorization) return wrong(authorization.error());
  return Subscriber(options, std::move(*address), std::move(*authorization), output, err, stop)
      .run();
}

}  // namespace fanfare
