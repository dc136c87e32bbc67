// broker/access.cc: grants from credentials, and the Origin and Host checks.
#include "broker/access.h"

#include <algorithm>

#include <fmt/core.h>

#include "broker/topic.h"
#include "net/http.h"
#include "net/mac.h"

namespace fanfare {
namespace {

Fault unauthorized(std::string detail) {
  Fault fault;
  fault.status = 401;
  fault.slug = "unauthorized";
  fault.detail = std::move(detail);
  return fault;
}

Fault forbidden(std::string detail) {
  Fault fault;
  fault.status = 403;
  fault.slug = "forbidden";
  fault.detail = std::move(detail);
  return fault;
}

Fault not_granted(bool known, std::string_view verb, std::string_view name) {
  if (known) return forbidden(fmt::format("this key does not allow to {} '{}'", verb, name));
  return unauthorized(
      fmt::format("to {} '{}' needs a key: send Authorization: Bearer SECRET", verb, name));
}

// "http://localhost:3000" -> "localhost"
std::string_view host_of_origin(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  if (scheme == origin.npos) return {};
  return host_without_port(origin.substr(scheme + 3));
}

bool same_authority(std::string_view origin, std::string_view host) {
  const std::size_t scheme = origin.find("://");
  return scheme != origin.npos && !host.empty() && same_name(origin.substr(scheme + 3), host);
}

}  // namespace

std::optional<Fault> Grant::refuse_publish(std::string_view topic) const {
  if (everything || (publish && publish->covers(topic))) return {};
  return not_granted(known, "publish to", topic);
}

std::optional<Fault> Grant::refuse_subscribe(const Subscription& wanted) const {
  if (everything) return {};
  if (!subscribe) return not_granted(known, "read", wanted.names().front());
  if (const auto missing = subscribe->first_not_covered(wanted))
    return not_granted(known, "read", *missing);
  return {};
}

std::optional<Fault> Grant::refuse_streams() const {
  if (everything || publish) return {};
  return known ? forbidden("this key does not allow to send to streams: it may not publish")
               : unauthorized(
                     "to send to a stream needs a key that may publish: send Authorization: Bearer "
                     "SECRET");
}

Verdict<Grant> Access::grant_for(Door door, std::optional<std::string_view> bearer) const {
  Grant grant;
  if (door == Door::unix_socket || !rules_.guarded) {
    grant.everything = true;
    return grant;
  }
  grant.publish = rules_.anonymous_publish;
  grant.subscribe = rules_.anonymous_subscribe;
  if (!bearer) return grant;
  // Every secret is compared, so that the time tells nothing of which one was near.
  const AccessKey* match = nullptr;
  for (const AccessKey& key : rules_.keys) {
    for (const std::string& secret : key.secrets) {
      if (same_secret(secret, *bearer)) match = &key;
    }
  }
  if (match == nullptr)
    return unauthorized("this key is not known: check the secret after 'Bearer '");
  grant.known = true;
  if (match->publish) grant.publish = match->publish;
  if (match->subscribe) grant.subscribe = match->subscribe;
  grant.publisher = static_cast<uint64_t>(topic_hash(*bearer)) | 1;
  return grant;
}

std::optional<Fault> Access::refuse_host(Door door, std::string_view host) const {
  if (door != Door::loopback) return {};
  const std::string_view name = host_without_port(host);
  if (host.empty() || is_loopback_name(name)) return {};
  for (const std::string& allowed : rules_.hosts) {
    if (same_name(allowed, name) || same_name(allowed, host)) return {};
  }
  Fault fault;
  fault.status = 421;
  fault.slug = "wrong-host";
  fault.detail = fmt::format(
      "this broker listens on loopback and does not answer as '{}': use localhost, or "
      "start it with --host {}",
      name, name);
  fault.field = "Host";
  return fault;
}

bool Access::origin_allowed(Door door, std::string_view origin) const {
  for (const std::string& allowed : rules_.origins) {
    if (allowed == "*" || same_name(allowed, origin)) return true;
  }
  // A developer's own pages on any port, while the broker itself is only the developer's.
  return rules_.origins.empty() && door == Door::loopback && !rules_.guarded &&
         is_loopback_name(host_of_origin(origin));
}

std::optional<Fault> Access::refuse_origin(Door door, std::string_view origin,
                                           std::string_view host) const {
  if (origin.empty() || same_authority(origin, host) || origin_allowed(door, origin)) return {};
  Fault fault = forbidden(fmt::format(
      "pages of '{}' may not write here: allow it with --cors-origin {}", origin, origin));
  fault.slug = "wrong-origin";
  fault.field = "Origin";
  return fault;
}

std::string Access::cors_fields(Door door, std::string_view origin) const {
  if (origin.empty() || !origin_allowed(door, origin)) return {};
  const bool any =
      std::find(rules_.origins.begin(), rules_.origins.end(), "*") != rules_.origins.end();
  const bool named = std::any_of(rules_.origins.begin(), rules_.origins.end(),
                                 [&](const std::string& o) { return same_name(o, origin); });
  const std::string_view exposed =
      "Access-Control-Expose-Headers: Fanfare-Stream, Fanfare-Last-Event-ID, Retry-After\r\n";
  if (any && !named) return fmt::format("Access-Control-Allow-Origin: *\r\n{}", exposed);
  return fmt::format(
      "Access-Control-Allow-Origin: {}\r\nAccess-Control-Allow-Credentials: true\r\n{}", origin,
      exposed);
}

}  // namespace fanfare
