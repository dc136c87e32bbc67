// app/check_settings.cc: one function for each thing that can be wrong; the first that is speaks.
#include "app/check_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/read_file.h"
#include "app/units.h"
#include "broker/pattern.h"
#include "net/address.h"
#include "net/ip_network.h"

namespace fanfare {
namespace {

constexpr std::size_t secret_file_bytes_max = 4096;

Result<Done> check_listen(const Settings& settings) {
  if (settings.listen.empty()) return Error{"--listen: no address to serve on"};
  std::set<std::string> seen;
  for (const std::string& text : settings.listen) {
    const auto address = SocketAddress::parse(text);
    if (!address) return Error{fmt::format("--listen: {}", address.error())};
    if (const bool chosen = address->is_unix() || address->port() != 0;
        chosen && !seen.insert(address->text()).second) {
      return Error{fmt::format("--listen: {} is named twice", text)};
    }
  }
  if (settings.internal == "off") return Done();
  const auto internal = SocketAddress::parse(settings.internal);
  if (!internal) return Error{fmt::format("--internal: {} (or off)", internal.error())};
  if (internal->is_unix() || internal->port() != 0) {
    if (seen.contains(internal->text())) {
      return Error{
          fmt::format("--internal: {} is a public address as well (--listen)", settings.internal)};
    }
  }
  return Done();
}

Result<Done> check_proxies(const Settings& settings) {
  for (const std::string& text : settings.trusted_proxies) {
    if (const auto network = IpNetwork::parse(text); !network)
      return Error{fmt::format("--trusted-proxy: {}", network.error())};
  }
  if (!settings.proxy_protocol || !settings.trusted_proxies.empty()) return Done();
  return Error{
      "--proxy-protocol: nobody is trusted to send it. Add --trusted-proxy with the proxies' "
      "addresses: whoever may send it chooses the client's address"};
}

Result<Done> check_open_door(const Settings& settings) {
  if (settings.insecure || settings.guarded()) return Done();
  for (const std::string& text : settings.listen) {
    const auto address = SocketAddress::parse(text);
    if (!address || address->is_unix() || address->is_loopback()) continue;
    return Error{fmt::format(
        "{} would let anyone publish. Add --publish-key FILE (reading stays free), or --insecure "
        "behind a firewall",
        text)};
  }
  return Done();
}

Result<Done> check_names(std::string_view of, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    if (const auto fault = check_pattern(pattern)) {
      return Error{fmt::format("{}: {}", of, fault->detail)};
    }
  }
  return Done();
}

Result<Done> check_keys(const Settings& settings) {
  for (const KeySetting& key : settings.keys) {
    const std::string of = fmt::format("[[key]] {}", key.name);
    if (key.publish.empty() && key.subscribe.empty()) {
      return Error{of + ": it allows nothing: add publish = [...] or subscribe = [...]"};
    }
    if (auto done = check_names(of + ": publish", key.publish); !done) return done;
    if (auto done = check_names(of + ": subscribe", key.subscribe); !done) return done;
  }
  if (auto done = check_names("--anonymous-publish", settings.anonymous_publish); !done) {
    return done;
  }
  return check_names("--anonymous-subscribe", settings.anonymous_subscribe);
}

// Whoever writes down what needs no key believes that the rest needs one.
Result<Done> check_anonymous(const Settings& settings) {
  if (settings.guarded()) return Done();
  const bool in_topic = std::any_of(settings.topics.begin(), settings.topics.end(),
                                    [](auto& rule) { return rule.policy.anonymous.has_value(); });
  if (settings.anonymous_publish.empty() && settings.anonymous_subscribe.empty() && !in_topic) {
    return Done();
  }
  return Error{
      "anonymous: without keys everything is open to everyone. Add a [[key]] or --publish-key "
      "FILE, or leave anonymous out"};
}

bool is_origin(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const std::string_view host = text.substr(scheme + 3);
  return !host.empty() && host.find_first_of("/?#@ \t,*\"") == std::string_view::npos;
}

Result<Done> check_web(const Settings& settings) {
  for (const std::string& origin : settings.cors_origins) {
    if (origin == "*" || is_origin(origin)) continue;
    return Error{fmt::format(
        "--cors-origin: '{}' is not an origin: write it like https://app.example.com, with a port "
        "if it has one and without a path, or * for any",
        origin)};
  }
  for (const std::string& host : settings.hosts) {
    if (!host.empty() && host.find_first_of("/ \t@?#") == std::string::npos) continue;
    return Error{fmt::format("--host: '{}' is not a host name", host)};
  }
  return Done();
}

Result<Done> check_sizes(const Settings& settings) {
  if (settings.event_bytes_max > settings.batch_bytes_max) {
    return Error{fmt::format("--event-bytes-max {} is more than --batch-bytes-max {}",
                             print_bytes(settings.event_bytes_max),
                             print_bytes(settings.batch_bytes_max))};
  }
  if (settings.batch_bytes_max > settings.bus_bytes) {
    return Error{fmt::format("--batch-bytes-max {} is more than --bus-bytes {}",
                             print_bytes(settings.batch_bytes_max),
                             print_bytes(settings.bus_bytes))};
  }
  for (const PolicyRule& rule : settings.topics) {
    if (rule.policy.event_bytes_max.value_or(0) <= settings.batch_bytes_max) continue;
    return Error{fmt::format("[[topic]] {}: event_bytes_max {} is more than --batch-bytes-max {}",
                             rule.match, print_bytes(*rule.policy.event_bytes_max),
                             print_bytes(settings.batch_bytes_max))};
  }
  if (!std::has_single_bit(settings.bus_slots)) {
    return Error{fmt::format("--bus-slots: {} is not a power of two: {} would be",
                             settings.bus_slots, std::bit_ceil(settings.bus_slots))};
  }
  return Done();
}

Result<Done> check_topics(const Settings& settings) {
  for (const PolicyRule& rule : settings.topics) {
    if (const auto fault = check_pattern(rule.match)) {
      return Error{fmt::format("[[topic]] match: {}", fault->detail)};
    }
  }
  return Done();
}

// A file of a secret may end its line.
std::string_view without_white_space(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) + 1 - first);
}

Result<std::string> read_secret(std::string_view of, const std::string& file) {
  const auto content = read_file(file, secret_file_bytes_max);
  if (!content) return Error{fmt::format("{}: {}", of, content.error())};
  const std::string_view secret = without_white_space(*content);
  if (secret.empty()) return Error{fmt::format("{}: {} holds no secret: it is empty", of, file)};
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!std::all_of(secret.begin(), secret.end(), printable)) {
    return Error{fmt::format(
        "{}: {} must hold one secret of printable ASCII without white space, such as `openssl rand "
        "-hex 32` makes",
        of, file)};
  }
  return std::string(secret);
}

Result<Done> check_distinct(const std::vector<KeySetting>& keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (keys[i].secret != keys[j].secret) continue;
      return Error{fmt::format("keys {} and {} have the same secret: each needs its own",
                               keys[j].name, keys[i].name)};
    }
  }
  return Done();
}

}  // namespace

Result<Done> check_settings(const Settings& settings) {
  for (const auto check : {check_listen, check_proxies, check_keys, check_anonymous,
                           check_open_door, check_web, check_sizes, check_topics}) {
    if (auto done = check(settings); !done) return done;
  }
  return Done();
}

Result<Done> read_secrets(Settings& settings) {
  for (KeySetting& key : settings.keys) {
    auto secret = read_secret(fmt::format("[[key]] {}", key.name), key.secret_file);
    if (!secret) return Error{secret.error()};
    key.secret = std::move(*secret);
  }
  if (!settings.publish_key.empty()) {
    auto secret = read_secret("--publish-key", settings.publish_key);
    if (!secret) return Error{secret.error()};
    settings.keys.push_back(
        {"--publish-key", settings.publish_key, std::move(*secret), {"**"}, {"**"}});
  }
  return check_distinct(settings.keys);
}

}  // namespace fanfare
