// app/serve.cc: the signals that start, reload and end a broker.
#include "app/serve.h"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "app/log.h"
#include "app/server.h"
#include "app/service_manager.h"
#include "broker/status.h"

namespace fanfare {
namespace {

// Signals are taken by the main thread at one place, never in the middle of something.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

// 0: none came.
int next_signal(const sigset_t& set, long milliseconds) {
  const timespec patience{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &patience);
  return signal > 0 ? signal : 0;
}

Result<std::vector<std::unique_ptr<Listener>>> inherited_listeners() {
  const auto sockets = inherited_sockets();
  if (!sockets) return Error{sockets.error()};
  std::vector<std::unique_ptr<Listener>> listeners;
  for (const int socket : *sockets) {
    auto listener = Listener::inherit(socket);
    if (!listener) return Error{listener.error()};
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

Result<std::unique_ptr<Server>> start_server(const Settings& settings) {
  auto inherited = inherited_listeners();
  if (!inherited) return Error{inherited.error()};
  return Server::start(settings, std::move(*inherited));
}

}  // namespace

int run_serve(const Settings& settings, const std::function<Result<Settings>()>& reload) {
  const sigset_t signals = block_signals();
  ServiceManager manager = ServiceManager::of_environment();
  auto started = start_server(settings);
  if (!started) {
    log_error("broker.cannot_start", {{"reason", started.error()}});
    manager.status(started.error());
    return 1;
  }
  Server& server = **started;
  log_info("broker.started", {{"engine", server.state().engine_name},
                              {"reason", server.state().engine_reason},
                              {"workers", server.workers()}});
  std::printf("%s\n", server.ready_line().c_str());
  std::fflush(stdout);
  manager.ready(server.ready_line());
  Settings current = settings;
  bool draining = false;
  while (!server.finished()) {
    const int signal = next_signal(signals, draining ? 20 : 500);
    manager.watch(monotonic_now(), [&] { return is_live(server.state(), monotonic_now()); });
    if (signal == SIGHUP) {
      manager.reloading();
      if (auto loaded = reload()) {
        current = *loaded;
        server.use_settings(current);
        log_info("settings.reloaded");
      } else {
        log_error("settings.refused",
                  {{"reason", loaded.error()}, {"cure", "the settings in use stay"}});
      }
      manager.ready(server.ready_line());
    } else if (signal != 0 && !std::exchange(draining, true)) {
      log_info("drain.began", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                               {"streams", server.state().admission.streams()},
                               {"window_ms", current.drain}});
      manager.stopping(current.drain);
      server.begin_drain(current.drain);
    } else if (signal != 0) {
      log_info("drain.cut_short");
      server.stop();
    }
  }
  log_info("broker.ended");
  return 0;
}

}  // namespace fanfare
