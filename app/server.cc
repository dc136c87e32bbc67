// app/server.cc: building the parts, running the threads.
#include "app/server.h"

#include <algorithm>

#include <sys/resource.h>

#include <fmt/core.h>

#include "app/process_metrics.h"
#include "broker/access_rules.h"
#include "core/limits.h"
#include "net/engine_choice.h"
#include "net/mac.h"

namespace fanfare {
namespace {

constexpr Duration turn_at_least_every = std::chrono::seconds(1);
constexpr rlim_t engine_places_max =
    1'000'000;  // of one engine; an unlimited nofile would ask for billions

std::string_view name_of(EngineChoice choice) {
  switch (choice) {
    case EngineChoice::automatic:
      return "auto";
    case EngineChoice::io_uring:
      return "io_uring";
    case EngineChoice::epoll:
      return "epoll";
  }
  return {};
}

uint64_t random_number() {
  uint64_t value = 0;
  fill_random(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

// The advice of a message names the flag that it is about.
std::string of_internal(std::string message) {
  constexpr std::string_view flag = "--listen ";
  if (const std::size_t at = message.find(flag); at != message.npos)
    message.replace(at, flag.size(), "--internal ");
  return message;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Settings& settings,
                                              std::vector<std::unique_ptr<Listener>> inherited) {
  std::unique_ptr<Server> server(new Server());
  server->inherited_ = std::move(inherited);
  const unsigned workers = std::max(1u, settings.workers);
  server->live_ = std::make_shared<const LiveSettings>(settings, access_rules_of(settings));
  if (const auto opened = server->open_doors(settings, workers); !opened)
    return Error{opened.error()};
  MacKey key;
  fill_random(std::as_writable_bytes(std::span(key)));
  BusOptions bus;
  bus.slots = settings.bus_slots;
  bus.bytes_max = settings.bus_bytes;
  bus.workers = workers;
  server->state_ = std::make_unique<ServerState>(workers, bus, Epoch{random_number()}, key);
  server->state_->started = monotonic_now();
  server->state_->process_metrics = process_metrics_text;
  if (const auto made = server->make_engines(settings, workers); !made) return Error{made.error()};
  for (WorkerDoor& door : server->state_->doors)
    door.turned_at_ns = monotonic_now().time_since_epoch().count();
  server->running_ = workers;
  for (uint32_t i = 0; i < workers; ++i) {
    server->threads_.emplace_back([raw = server.get(), i] { raw->run_worker(i); });
  }
  while (server->accepting_.load() < workers) server->accepting_.wait(server->accepting_.load());
  server->state_->accepting = true;
  return server;
}

Result<Done> Server::open_doors(const Settings& settings, unsigned workers) {
  for (const std::string& address : settings.listen) {
    if (auto opened = open_door(address, settings, workers, false); !opened)
      return Error{opened.error()};
  }
  if (settings.internal != "off") {
    if (auto opened = open_door(settings.internal, settings, workers, true); !opened)
      return Error{opened.error()};
  }
  if (inherited_.empty()) return Done{};
  return Error{fmt::format(
      "the socket {} was handed over, and no --listen names it: add --listen {}, or leave it out "
      "of the .socket unit",
      inherited_.front()->address().text(), inherited_.front()->address().text())};
}

// One that listens at this very address; null: none.
std::unique_ptr<Listener> Server::take_inherited(const SocketAddress& address) {
  const auto found = std::find_if(inherited_.begin(), inherited_.end(), [&](const auto& listener) {
    return listener->address().text() == address.text();
  });
  if (found == inherited_.end()) return nullptr;
  std::unique_ptr<Listener> taken = std::move(*found);
  inherited_.erase(found);
  return taken;
}

Result<Done> Server::open_door(const std::string& text, const Settings& settings, unsigned workers,
                               bool internal) {
  auto address = SocketAddress::parse(text);
  if (!address) return Error{address.error()};
  ListenerOptions options;
  options.id = static_cast<uint32_t>(doors_.size());
  options.socket_mode = settings.socket_mode;
  options.socket_owner = settings.socket_owner;
  Door door;
  if (auto taken = take_inherited(*address)) {
    taken->set_options(options);
    door.listeners.push_back(std::move(taken));
  } else {
    auto listeners = Listener::open(*address, address->is_unix() ? 1 : workers, options);
    if (!listeners) return Error{internal ? of_internal(listeners.error()) : listeners.error()};
    door.listeners = std::move(*listeners);
  }
  door.info.internal = internal;
  door.info.door = address->is_unix()       ? fanfare::Door::unix_socket
                   : address->is_loopback() ? fanfare::Door::loopback
                                            : fanfare::Door::network;
  door.address = door.listeners.front()->address();
  door.text = door.address.text();
  doors_.push_back(std::move(door));
  return Done{};
}

// Each io_uring has a table of its own as large as RLIMIT_NOFILE; with epoll all workers share the
// one table.
Result<Done> Server::make_engines(const Settings& settings, unsigned workers) {
  const auto chosen = choose_engine(name_of(settings.engine));
  if (!chosen) return Error{chosen.error()};
  state_->engine_name = chosen->name;
  state_->engine_reason = chosen->reason;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto descriptors =
      static_cast<uint32_t>(std::min<rlim_t>(limit.rlim_cur, engine_places_max));
  const uint32_t spare = std::min<uint32_t>(limits::descriptors_reserve, descriptors / 4);
  const uint32_t capacity = (descriptors - spare) / (chosen->uring ? 1 : workers);
  for (unsigned i = 0; i < workers; ++i) {
    auto engine = make_engine(*chosen, capacity);
    if (!engine) return Error{engine.error()};
    state_->doors[i].waker = (*engine)->waker();
    engines_.push_back(std::move(*engine));
  }
  return Done{};
}

void Server::run_worker(uint32_t index) {
  const auto clock = [] { return monotonic_now(); };
  Worker worker(index, *state_, *engines_[index], live_, clock, random_number());
  for (const Door& door : doors_) {
    DoorInfo info = door.info;
    info.address = door.text;
    worker.listen(*door.listeners[index % door.listeners.size()], info);
  }
  worker.turn(Instant{});  // offers places: from here on connections are accepted
  accepting_.fetch_add(1);
  accepting_.notify_all();
  while (!worker.finished()) worker.turn(monotonic_now() + turn_at_least_every);
  running_.fetch_sub(1);
}

std::string Server::ready_line() const {
  std::string line = "ready";
  for (const Door& door : doors_) {
    line += fmt::format(" {}{}", door.info.internal ? "internal=" : "", door.address.url());
  }
  return line;
}

void Server::use_settings(const Settings& settings) {
  const auto live = std::make_shared<const LiveSettings>(settings, access_rules_of(settings));
  for (uint32_t i = 0; i < workers(); ++i) state_->send(i, UseSettings{live});
}

void Server::begin_drain(Duration window) {
  state_->accepting = false;
  state_->draining = true;
  for (uint32_t i = 0; i < workers(); ++i) state_->send(i, BeginDrain{window});
}

void Server::stop() {
  for (uint32_t i = 0; i < workers(); ++i) state_->send(i, Stop{});
}

Server::~Server() {
  if (state_ && !threads_.empty()) stop();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace fanfare
