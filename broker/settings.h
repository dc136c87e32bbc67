// broker/settings.h: everything that can be set, with its default, its unit and its reason.
//
// A value. app/load_settings.h makes it of flags, environment and a TOML file from one table, which
// also prints the documentation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/topic_policy.h"
#include "core/bytes.h"
#include "core/time.h"

namespace fanfare {

enum class EngineChoice : uint8_t { automatic, io_uring, epoll };
enum class LogFormat : uint8_t { text, json };

struct KeySetting {
  std::string name;                             // shown in errors; empty: its place
  std::string secret_file;                      // one secret, without white space around it
  std::string secret;                           // read from the file at start and at a reload
  std::vector<std::string> publish, subscribe;  // topics and patterns
};

struct Settings {
  // Where.
  std::vector<std::string> listen = {"127.0.0.1:8080"};
  std::string internal = "127.0.0.1:8081";  // "off": none
  unsigned workers = 0;                     // 0: one for each usable core
  EngineChoice engine = EngineChoice::automatic;
  LogFormat log = LogFormat::text;
  std::string log_level = "info";
  std::optional<unsigned> socket_mode;       // of Unix sockets; nothing: by the umask
  std::string socket_owner;                  // user:group
  std::vector<std::string> trusted_proxies;  // networks: they say who the client is
  bool proxy_protocol = false;               // their connections begin with its header
  std::optional<bool> pages;                 // nothing: on, unless keys are configured

  // Who.
  std::vector<KeySetting> keys;
  std::vector<std::string> anonymous_publish, anonymous_subscribe;
  std::string publish_key;  // a file: one key that may publish everything, reading stays free
  std::vector<std::string> cors_origins;
  std::vector<std::string> hosts;  // further names that a loopback listener answers to
  bool insecure = false;

  // What is kept.
  TopicPolicy topic_defaults;
  std::vector<PolicyRule> topics;              // first match wins
  std::size_t history_total_bytes = 512_MiB;   // over all topics
  std::size_t history_topics_max = 1'000'000;  // remembered by name, in all

  // How much.
  std::size_t event_bytes_max = 1_MiB;
  std::size_t batch_bytes_max = 8_MiB;
  std::size_t head_bytes_max = 16_KiB;
  std::size_t topics_per_stream_max = 64;
  uint64_t streams_max = 1'000'000;
  uint32_t streams_per_worker_max = 0;  // 0: what the descriptor table holds
  uint32_t streams_per_client_max = 0;  // 0: no limit
  uint32_t new_streams_per_second = 0;  // 0: no limit
  uint32_t publish_rate = 0;            // events a second and publisher; 0: no limit
  std::size_t feeds_max = 200'000;      // distinct subscriptions on one worker
  std::size_t patterns_max = 10'000;    // distinct subscriptions with a pattern on one worker
  uint32_t bus_slots = 16'384;
  std::size_t bus_bytes = 64_MiB;
  std::size_t keys_max = 100'000;  // idempotency keys remembered by one worker

  // When.
  Duration publish_wait = std::chrono::seconds(1);
  Duration head_timeout = std::chrono::seconds(10);
  Duration body_timeout = std::chrono::seconds(60);
  Duration idle_timeout = std::chrono::seconds(75);
  Duration drain = std::chrono::seconds(20);
  Duration heartbeat = std::chrono::seconds(15);
  Duration retry = std::chrono::seconds(
      2);  // what readers are told to wait before they come again, spread by half
  std::optional<Duration> max_stream_age;  // nothing: 15 min, off on loopback; 0: off

  bool guarded() const { return !keys.empty() || !publish_key.empty(); }
  bool pages_on() const { return pages.value_or(!guarded()); }
};

}  // namespace fanfare
