// bench/load/verify_publishers.cc: posting what is due, reading the numbers out of the answers.
#include "bench/load/verify_publishers.h"

#include <algorithm>
#include <charconv>

#include "bench/load/flags.h"

namespace fanfare::bench {
namespace {

constexpr uint32_t publishers_of_one = 12;
constexpr uint32_t publishers_of_batches = 2;
constexpr uint32_t batch_events_max = 40;

// The number of the id that the JSON object gives under this name; 0: none.
uint64_t number_under(std::string_view body, const std::string& name) {
  const std::string before = "\"" + name + "\":\"";
  const auto at = body.find(before);
  if (at == body.npos) return 0;
  const auto dash = body.find('-', at);
  uint64_t number = 0;
  if (dash != body.npos) {
    std::from_chars(body.data() + dash + 1, body.data() + body.size(), number);
  }
  return number;
}

// Mostly small, some that fill a send, a few that are borrowed instead of copied, and now and then
// one that is larger than a page of history.
std::size_t some_size(Random& random) {
  if (random.below(20'000) == 0) return 70'000 + random.below(30'000);
  const uint32_t draw = random.below(2'000);
  if (draw == 0) return 4'000 + random.below(8'000);
  return random.below(draw < 40 ? 800 : 60);
}

}  // namespace

std::string verified_topic(uint32_t topic) {
  return "v/" + std::to_string(topic);
}

VerifyPublishers::VerifyPublishers(Loop& loop, const sockaddr_in& to, const Flow& flow,
                                   Ledger& ledger, Random& random)
    : flow_(flow), ledger_(ledger), random_(random) {
  const uint32_t all = publishers_of_one + publishers_of_batches;
  posted_.resize(all);
  add_publishers(publishers_, loop, to, all,
                 [this](Publisher& publisher, int status, std::string_view body) {
                   on_answer(publisher, status, body);
                 });
}

void VerifyPublishers::post_due(Instant now) {
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const auto due = static_cast<uint64_t>(std::min<double>(flow_.events, seconds * flow_.rate));
  for (Publisher& publisher : publishers_) {
    if (!publisher.is_idle()) continue;
    const uint64_t left = again_.size() + due - std::min<uint64_t>(due, begun_);
    if (left == 0) return;
    const bool batch = publisher.index() >= publishers_of_one;
    const uint32_t wish = batch ? 1 + random_.below(batch_events_max) : 1;
    post(publisher, static_cast<uint32_t>(std::min<uint64_t>(wish, left)));
  }
}

uint32_t VerifyPublishers::next_key() {
  if (!again_.empty()) {
    const uint32_t key = again_.front();
    again_.pop_front();
    return key;
  }
  ++begun_;
  return ledger_.begin(random_.below(flow_.topics), some_size(random_));
}

void VerifyPublishers::post(Publisher& publisher, uint32_t most) {
  auto& keys = posted_[publisher.index()];
  keys.clear();
  for (uint32_t i = 0; i < most; ++i) keys.push_back(next_key());
  under_way_ += most;
  if (publisher.index() < publishers_of_one) {
    publisher.post("/topics/" + verified_topic(ledger_.topic_of(keys[0])),
                   ledger_.data_of(keys[0]));
    return;
  }
  std::string lines;
  for (const uint32_t key : keys) {
    lines += "{\"topic\":\"" + verified_topic(ledger_.topic_of(key)) + "\",\"data\":\"" +
             ledger_.data_of(key) + "\"}\n";
  }
  publisher.post("/events", lines, "application/x-ndjson");
}

void VerifyPublishers::on_answer(Publisher& publisher, int status, std::string_view body) {
  const auto& keys = posted_[publisher.index()];
  under_way_ -= static_cast<uint32_t>(keys.size());
  if (status == 503) {
    refused_ += keys.size();
    again_.insert(again_.end(), keys.begin(), keys.end());
    return;
  }
  if (status != 200) {
    fail("a publish was answered " + std::to_string(status) + ": " + std::string(body));
  }
  if (publisher.index() < publishers_of_one) {
    ledger_.accepted(keys[0], number_under(body, "id"));
    return;
  }
  // A batch is claimed at once, so that its numbers follow each other.
  const uint64_t first = number_under(body, "first"), last = number_under(body, "last");
  if (last - first + 1 != keys.size()) {
    ledger_.fault("a batch's numbers have holes: " + std::string(body));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) ledger_.accepted(keys[i], first + i);
}

}  // namespace fanfare::bench
