// bench/load/verify_readers.cc: the lives of the readers, and what their blocks mean.
#include "bench/load/verify_readers.h"

#include <charconv>
#include <cstdio>

#include "bench/load/flags.h"
#include "bench/load/verify_publishers.h"

namespace fanfare::bench {
namespace {

constexpr Duration opening_time_max = std::chrono::seconds(120);
constexpr Duration away_max = std::chrono::milliseconds(800);
constexpr Duration stalled_max = std::chrono::seconds(2);
constexpr uint32_t opening_at_once_max = 200;
constexpr uint32_t small_buffer_every = 8;  // one reader in so many has a small receive buffer
constexpr double joining_s = 5;             // the late ones come within it
constexpr std::string_view position_field = "Fanfare-Last-Event-ID: ";

uint64_t number_of(std::string_view id) {
  const auto dash = id.find('-');
  uint64_t number = 0;
  if (dash != id.npos) std::from_chars(id.data() + dash + 1, id.data() + id.size(), number);
  return number;
}

ReaderSetOptions options_of(const sockaddr_in& to, const Crowd& crowd) {
  ReaderSetOptions options;
  options.to = to;
  options.readers = crowd.streams;
  options.path = [crowd](uint32_t i) {
    return "/topics/" + (i < crowd.pattern_streams ? "v/**" : verified_topic(i % crowd.topics));
  };
  options.receive_bytes = [](uint32_t i) { return i % small_buffer_every == 0 ? 4'096 : 0; };
  return options;
}

}  // namespace

VerifyReaders::VerifyReaders(Loop& loop, const sockaddr_in& to, const Crowd& crowd, Ledger& ledger,
                             Random& random)
    : loop_(&loop),
      crowd_(crowd),
      ledger_(ledger),
      random_(random),
      joined_(crowd.streams - static_cast<uint32_t>(crowd.streams * crowd.late_share)),
      readers_(loop, *this, options_of(to, crowd)) {
  for (uint32_t i = 0; i < crowd.streams; ++i) {
    clients_.emplace_back();
    clients_.back().place.reader = i;
    clients_.back().place.topic = i < crowd.pattern_streams ? every_topic : i % crowd.topics;
  }
}

void VerifyReaders::open_first() {
  const Instant until = monotonic_now() + opening_time_max;
  uint32_t begun = 0, opened = 0;
  const bool all = turn_until(*loop_, until, [&] {
    while (opened < begun && clients_[opened].place.known) ++opened;
    while (begun < joined_ && begun - opened < opening_at_once_max) open(begun++);
    do_due(monotonic_now());
    return opened == joined_;
  });
  if (!all) fail("only " + std::to_string(opened) + " streams opened");
}

void VerifyReaders::open(uint32_t reader) {
  Client& client = clients_[reader];
  client.reading = {};
  client.stalled = client.expects_end = false;
  client.heard = monotonic_now();
  ++connections_;
  readers_.open(reader, client.last_id);
}

void VerifyReaders::churn(Instant now) {
  const double seconds = std::chrono::duration<double>(now - last_churn_).count();
  last_churn_ = now;
  leaves_ += seconds * crowd_.leaves_per_second;
  stalls_ += seconds * crowd_.stalls_per_second;
  joins_ += seconds * crowd_.streams * crowd_.late_share / joining_s;
  for (; leaves_ >= 1; --leaves_) leave(now);
  for (; stalls_ >= 1; --stalls_) stall(now);
  for (; joins_ >= 1; --joins_) {
    if (joined_ < crowd_.streams) open(joined_++);
  }
  do_due(now);
}

void VerifyReaders::leave(Instant) {
  const uint32_t one = random_.below(joined_);
  Reader& reader = readers_[one];
  if (reader.is_closed()) return;
  if (random_.chance(0.5)) {
    reader.close();
  } else {
    reader.reset();
  }
  come_back(one, away_max);
}

void VerifyReaders::stall(Instant) {
  const uint32_t one = random_.below(joined_);
  if (!readers_[one].is_open() || clients_[one].stalled) return;
  readers_[one].set_reading(Reading::never);
  clients_[one].stalled = true;
  come_back(one, stalled_max);
}

void VerifyReaders::do_due(Instant now) {
  while (!due_.empty() && due_.top().at <= now) {
    const uint32_t one = due_.top().reader;
    due_.pop();
    if (readers_[one].is_closed()) {
      open(one);
    } else if (clients_[one].stalled) {
      clients_[one].stalled = false;
      readers_[one].set_reading(Reading::eager);
    }
  }
}

bool VerifyReaders::gather(Instant now) {
  while (joined_ < crowd_.streams) open(joined_++);
  do_due(now);
  if (!due_.empty()) return false;
  for (uint32_t i = 0; i < crowd_.streams; ++i) {
    const Client& client = clients_[i];
    if (!readers_[i].is_open() || !client.place.known || !ledger_.is_complete(client.place)) {
      return false;
    }
  }
  return true;
}

void VerifyReaders::tell_incomplete() {
  unsigned told = 0;
  for (uint32_t i = 0; i < crowd_.streams && told < 10; ++i) {
    const Client& client = clients_[i];
    if (readers_[i].is_open() && ledger_.is_complete(client.place)) continue;
    std::fprintf(stderr, "  stream %u is incomplete: %s, after %llu\n", i,
                 readers_[i].is_open() ? "open" : "not open",
                 static_cast<unsigned long long>(client.place.position));
    ++told;
  }
}

void VerifyReaders::end_all() {
  for (const Client& client : clients_) ledger_.end(client.place);
}

void VerifyReaders::on_head(Reader& reader, std::string_view head) {
  const auto at = head.find(position_field);
  if (at == head.npos) return;  // a refusal that an EventSource survives
  const auto begin = at + position_field.size();
  Client& client = clients_[reader.index()];
  const bool resumes = client.place.known;
  const std::string_view id = head.substr(begin, head.find('\r', begin) - begin);
  // After a gap it is the gap's, which is still to be told: the blocks say.
  if (resumes) return;
  client.last_id = id;
  ledger_.start(client.place, number_of(id));
}

void VerifyReaders::on_body(Reader& reader, std::string_view bytes) {
  Client& client = clients_[reader.index()];
  client.heard = monotonic_now();
  if (!client.reading.take(bytes, [&](const SseBlock& block) { on_block(client, block); })) {
    ledger_.fault("stream " + std::to_string(reader.index()) + ": its chunks are broken");
  }
  if (client.reading.is_over()) {
    reader.close();
    on_end(reader, "ended");
  }
}

void VerifyReaders::on_block(Client& client, const SseBlock& block) {
  const uint64_t number = number_of(block.id);
  if (block.has_id) client.last_id = block.id;
  if (block.type.starts_with("fanfare.")) {
    if (block.type == "fanfare.gap") {
      ledger_.gap(client.place, number);
    } else if (block.type == "fanfare.close") {
      client.expects_end = true;
      const bool lagged = block.data.find("\"lagged\"") != block.data.npos;
      (lagged ? cut_ : busy_) += 1;
      if (!lagged || crowd_.gaps_allowed) return;
      ledger_.fault("stream " + std::to_string(client.place.reader) +
                    " was cut as lagged, but history has everything");
    }
  } else if (block.has_data) {
    ledger_.delivered(client.place, number, block.data);
  } else if (block.has_id) {
    ledger_.beacon(client.place, number);
  }
}

void VerifyReaders::on_end(Reader& reader, std::string_view why) {
  Client& client = clients_[reader.index()];
  if (!client.expects_end) {
    ledger_.fault("stream " + std::to_string(reader.index()) +
                  " ended untold: " + std::string(why) + ", " +
                  std::to_string((monotonic_now() - client.heard).count() / 1'000'000) +
                  " ms after its last byte");
  }
  come_back(reader.index(), away_max);
}

}  // namespace fanfare::bench
