// net/sim_net.cc: the clock moves only when every engine has run dry, and then to the next event.
#include "net/sim_net.h"

#include <algorithm>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "core/check.h"
#include "net/sim_engine.h"
#include "net/sim_peer.h"

namespace fanfare {
namespace {

constexpr auto wall_start = std::chrono::sys_days(std::chrono::year(2031) / 5 / 17);
constexpr Instant clock_start{std::chrono::hours(1)};
constexpr int first_descriptor = 1 << 20;  // beyond any that a kernel gave us
// So many waits of others may pass in vain before an engine that does not wait is left behind.
constexpr unsigned vain_waits_max_per_engine = 4;

SocketAddress loopback_client(std::size_t number) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_port = htons(static_cast<uint16_t>(20'000 + number % 40'000));
  raw.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return SocketAddress::of(reinterpret_cast<const sockaddr*>(&raw), sizeof(raw));
}

}  // namespace

SimWeather SimWeather::rough() {
  return {.short_send = 0.3,
          .would_block = 0.1,
          .split = 0.5,
          .reorder = 0.9,
          .fewer = 0.3,
          .delay = 0.7,
          .release_refused = 0.05,
          .adopt_refused = 0.02};
}

SimWeather SimWeather::drawn(uint64_t seed) {
  Random random(seed ^ 0x77656174686572u);  // not the numbers that the world itself draws
  SimWeather weather = rough();
  for (double* chance :
       {&weather.short_send, &weather.would_block, &weather.split, &weather.reorder, &weather.fewer,
        &weather.delay, &weather.release_refused, &weather.adopt_refused}) {
    *chance = random.chance(0.3) ? 0 : std::min(0.95, *chance * 2 * random.fraction());
  }
  weather.delay_max = std::chrono::microseconds(1 + random.below(50'000));
  return weather;
}

SimNet::SimNet(uint64_t seed, SimWeather weather)
    : seed_(seed),
      weather_(weather),
      random_(seed),
      now_(clock_start),
      start_(clock_start),
      next_descriptor_(first_descriptor) {}

SimNet::~SimNet() {
  demand(engines_.empty(), "the world outlives its engines");
}

std::unique_ptr<SimEngine> SimNet::make_engine(uint32_t capacity) {
  auto engine = std::make_unique<SimEngine>(*this, capacity);
  engines_.push_back({.engine = engine.get()});
  return engine;
}

SimPeer& SimNet::connect(uint32_t listener_id) {
  return connect(listener_id, loopback_client(peers_.size()));
}

SimPeer& SimNet::connect(uint32_t listener_id, const SocketAddress& from) {
  SimPeer& peer = *peers_.emplace_back(std::make_unique<SimPeer>(*this, listener_id, from));
  const auto arrive = [this, &peer] {
    backlog_[peer.listener_id()].push_back(&peer);
    dispatch(peer.listener_id());
  };
  const Duration delay = some_delay();
  if (delay == Duration::zero()) {
    arrive();
  } else {
    after(delay, arrive);
  }
  return peer;
}

WallTime SimNet::wall_now() const {
  const Duration past = now_ - start_ + wall_jump_;
  return wall_start + std::chrono::floor<std::chrono::microseconds>(past);
}

void SimNet::after(Duration delay, std::function<void()> action) {
  at(now_ + delay, std::move(action));
}

void SimNet::at(Instant when, std::function<void()> action) {
  planned_.emplace(std::max(when, now_), std::move(action));
}

void SimNet::advance_to(Instant when) {
  while (!planned_.empty() && planned_.begin()->first <= when) {
    auto node = planned_.extract(planned_.begin());
    now_ = std::max(now_, node.key());
    node.mapped()();
  }
  now_ = std::max(now_, when);
}

bool SimNet::idle() const {
  return planned_.empty() && std::none_of(engines_.begin(), engines_.end(),
                                          [](const Sleeper& s) { return s.engine->has_ready(); });
}

void SimNet::demand(bool kept, const char* rule, Slot slot) const {
  if (kept) return;
  const std::string values = " (slot " + std::to_string(slot.index) + ", generation " +
                             std::to_string(slot.generation) + ", seed " + std::to_string(seed_) +
                             ")";
  check_failed(__FILE__, __LINE__, rule, values);
}

Duration SimNet::some_delay() {
  if (!random_.chance(weather_.delay)) return Duration::zero();
  const double part = random_.fraction();
  return Duration(1 + static_cast<int64_t>(static_cast<double>(weather_.delay_max.count()) * part));
}

std::size_t SimNet::waiting_connections(uint32_t listener_id) const {
  const auto queue = backlog_.find(listener_id);
  return queue == backlog_.end() ? 0 : queue->second.size();
}

void SimNet::dispatch(uint32_t listener_id) {
  auto& queue = backlog_[listener_id];
  std::vector<SimEngine*> takers;
  while (!queue.empty()) {
    takers.clear();
    for (const Sleeper& sleeper : engines_) {
      if (sleeper.engine->could_accept(listener_id)) takers.push_back(sleeper.engine);
    }
    if (takers.empty()) return;
    takers[random_.below(static_cast<uint32_t>(takers.size()))]->promise(*queue.front());
    queue.pop_front();
  }
}

void SimNet::take_back(SimPeer& peer) {
  backlog_[peer.listener_id()].push_front(&peer);
}

int SimNet::release(SimPeer& peer) {
  released_.emplace(next_descriptor_, &peer);
  return next_descriptor_++;
}

SimPeer* SimNet::adopt(int descriptor) {
  const auto found = released_.find(descriptor);
  if (found == released_.end()) return nullptr;
  SimPeer* peer = found->second;
  released_.erase(found);
  return peer;
}

void SimNet::begin_wait(SimEngine& engine) {
  for (Sleeper& sleeper : engines_) {
    if (sleeper.engine != &engine) continue;
    sleeper.asleep = false;
    sleeper.vain_waits = 0;
  }
  advance(weather_.wait_time);
}

bool SimNet::quiet(const Sleeper& sleeper) const {
  return sleeper.asleep && sleeper.until > now_ && !sleeper.engine->has_ready();
}

Instant SimNet::clear_until(const SimEngine& sleeping) {
  Instant clear = never;
  const std::size_t patience = vain_waits_max_per_engine * engines_.size();
  for (Sleeper& other : engines_) {
    if (other.engine == &sleeping || other.vain_waits > patience) continue;
    if (quiet(other)) {
      clear = std::min(clear, other.until);
    } else {
      ++other.vain_waits;
      clear = now_;
    }
  }
  return clear;
}

bool SimNet::sleep(SimEngine& engine, Instant until) {
  const auto self = std::find_if(engines_.begin(), engines_.end(),
                                 [&](const Sleeper& s) { return s.engine == &engine; });
  self->asleep = until > now_;
  self->until = until;
  if (!self->asleep) return false;
  Instant next = std::min(until, clear_until(engine));
  if (next <= now_) return false;
  if (!planned_.empty()) next = std::min(next, planned_.begin()->first);
  if (next == never) return false;  // nothing will ever happen: leave it to the test to say so
  advance_to(next);
  self->asleep = false;
  return true;
}

void SimNet::forget(SimEngine& engine) {
  std::erase_if(engines_, [&](const Sleeper& s) { return s.engine == &engine; });
}

}  // namespace fanfare
