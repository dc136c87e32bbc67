// bench/load/ledger.cc: claims, and the judgement over them.
#include "bench/load/ledger.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "core/check.h"

namespace fanfare::bench {
namespace {

constexpr std::size_t key_digits = 8;
constexpr uint64_t faults_shown_max = 20;
// A number far beyond what was published is a fault of its own, not a reason to take memory for it.
constexpr uint64_t number_max = 100'000'000;

// Every filling is a part of it, so that a delivery is compared without making anything.
const std::string& filling() {
  static const std::string text = [] {
    std::string made;
    for (unsigned i = 0; made.size() < 131'072; ++i) made += std::to_string(i * 2'654'435'761u);
    return made;
  }();
  return text;
}

std::string_view filling_of(uint32_t key, std::size_t bytes) {
  return std::string_view(filling()).substr(key % 1'009, bytes);
}

}  // namespace

uint32_t Ledger::begin(uint32_t topic, std::size_t filling_bytes) {
  events_.push_back({topic, static_cast<uint32_t>(filling_bytes)});
  return static_cast<uint32_t>(events_.size() - 1);
}

std::string Ledger::data_of(uint32_t key) const {
  char digits[key_digits + 1];
  std::snprintf(digits, sizeof digits, "%08x", key);
  return std::string(digits).append(filling_of(key, events_[key].filling_bytes));
}

Ledger::Numbered& Ledger::at(uint64_t number) {
  CHECK_LT(number, number_max);
  if (number >= by_number_.size()) by_number_.resize(std::max(number + 1, by_number_.size() * 2));
  return by_number_[number];
}

void Ledger::accepted(uint32_t key, uint64_t number) {
  if (number == 0 || number >= number_max) return fault("a publish was answered without a number");
  ++accepted_;
  events_[key].number = number;
  Numbered& here = at(number);
  if (here.accepted_key != none) fault("two events have number " + std::to_string(number));
  here.accepted_key = key;
  newest_ = std::max(newest_, number);
  last_of_.resize(of_topic_.size());
  auto& last = last_of_[events_[key].topic];
  last = std::max(last, number);
}

void Ledger::start(Place& place, uint64_t position) {
  if (!place.known) {
    place.known = true;
    place.position = position;
  } else if (position > place.position) {
    beacon(place, position);  // further than it asked for, and no gap has been told for it
  }
}

void Ledger::delivered(Place& place, uint64_t number, std::string_view data) {
  ++deliveries_;
  uint32_t key = none;
  if (data.size() >= key_digits) std::from_chars(data.data(), data.data() + key_digits, key, 16);
  const auto who = [&] {
    return "stream " + std::to_string(place.reader) + ", number " + std::to_string(number) + ": ";
  };
  if (key >= events_.size()) return fault(who() + "an event that nobody published");
  const Event& event = events_[key];
  if (data.substr(key_digits) != filling_of(key, event.filling_bytes))
    return fault(who() + "other data than was published");
  if (place.topic != every_topic && place.topic != event.topic)
    return fault(who() + "an event of another topic");
  if (number == 0 || number >= number_max) return fault(who() + "no number");
  if (!place.known) return fault(who() + "an event before the place where the stream starts");
  if (number <= place.position) {
    return fault(who() + "told twice or out of order, after " + std::to_string(place.position));
  }
  Numbered& here = at(number);
  if (here.told_key == none) here.told_key = key;
  if (here.told_key != key) return fault(who() + "two streams were told different events");
  Claim& claim = place.topic == every_topic ? here.of_every : here.of_topic;
  if (place.position < claim.after) claim = {place.position, place.reader};
  place.position = number;
}

void Ledger::beacon(Place& place, uint64_t number) {
  if (number <= place.position) return;
  nothing_.push_back({place.reader, place.topic, place.position, number});
  place.position = number;
}

void Ledger::gap(Place& place, uint64_t number) {
  if (number < place.position) return fault("a gap leads back, to " + std::to_string(number));
  gaps_.push_back({place.reader, place.topic, place.position, number});
  place.position = number;
}

bool Ledger::is_complete(const Place& place) const {
  if (place.topic == every_topic) return place.position >= newest_;
  return place.topic >= last_of_.size() || place.position >= last_of_[place.topic];
}

void Ledger::end(const Place& place) {
  nothing_.push_back({place.reader, place.topic, place.position, number_max});
}

void Ledger::judge() {
  std::vector<uint64_t> last_of(of_topic_.size());
  uint64_t last = 0;
  for (uint64_t number = 1; number < by_number_.size(); ++number) {
    const Numbered& here = by_number_[number];
    const uint32_t key = here.accepted_key;
    if (key == none) {
      if (here.told_key != none) {
        fault("number " + std::to_string(number) + " was told, but no publisher was answered so");
      }
      continue;
    }
    if (here.told_key != none && here.told_key != key) {
      fault("number " + std::to_string(number) + " is another event than its publisher was told");
    }
    const uint32_t topic = events_[key].topic;
    judge_claim(here.of_topic, last_of[topic], number);
    judge_claim(here.of_every, last, number);
    of_topic_[topic].push_back(number);
    all_.push_back(number);
    last = last_of[topic] = number;
  }
  for (const Stretch& stretch : nothing_) {
    if (!any_in(stretch)) continue;
    fault("stream " + std::to_string(stretch.reader) + " lost an event after " +
          std::to_string(stretch.after) + ", up to " + std::to_string(stretch.upto));
  }
  for (const Stretch& stretch : gaps_) {
    if (any_in(stretch)) continue;
    fault("stream " + std::to_string(stretch.reader) + " was told of a gap after " +
          std::to_string(stretch.after) + ", but it had lost nothing up to " +
          std::to_string(stretch.upto));
  }
}

void Ledger::judge_claim(const Claim& claim, uint64_t last_before, uint64_t number) {
  if (claim.after == ~uint64_t{0} || last_before <= claim.after) return;
  fault("stream " + std::to_string(claim.reader) + " was told " + std::to_string(number) +
        " after " + std::to_string(claim.after) + ": lost " + std::to_string(last_before));
}

bool Ledger::any_in(const Stretch& stretch) const {
  const auto& numbers = stretch.topic == every_topic ? all_ : of_topic_[stretch.topic];
  const auto next = std::upper_bound(numbers.begin(), numbers.end(), stretch.after);
  return next != numbers.end() && *next <= stretch.upto;
}

void Ledger::fault(std::string what) {
  if (++faults_ <= faults_shown_max) std::fprintf(stderr, "  fault: %s\n", what.c_str());
}

}  // namespace fanfare::bench
