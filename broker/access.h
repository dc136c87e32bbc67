// broker/access.h: who may do what: keys, the anonymous, and which web pages and host names may
// speak to us (protocol 7).
//
// Thread: any; immutable after construction, replaced as a whole at a reload.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/fault.h"
#include "broker/subscription.h"

namespace fanfare {

// What a caller may publish and subscribe to. A value.
struct Grant {
  Subscription::Ref publish;    // null: nothing
  Subscription::Ref subscribe;  // null: nothing
  bool everything = false;      // loopback or a Unix socket without keys
  bool known = false;           // a credential was given and is right
  uint64_t publisher = 0;       // whom rates and idempotency keys are counted for; 0: by address

  // Nothing, or 401 (no credential given) or 403 naming what is not covered.
  std::optional<Fault> refuse_publish(std::string_view topic) const;
  std::optional<Fault> refuse_subscribe(const Subscription& wanted) const;
  // May it use stream ids, where a grant is needed as well?
  std::optional<Fault> refuse_streams() const;
};

struct AccessKey {
  std::vector<std::string> secrets;
  Subscription::Ref publish, subscribe;
};

struct AccessRules {
  std::vector<AccessKey> keys;
  Subscription::Ref anonymous_publish, anonymous_subscribe;
  std::vector<std::string>
      origins;  // of web pages that may read and write; "*" for any, without credentials
  std::vector<std::string> hosts;  // further names that a loopback listener answers to
  bool guarded = false;            // keys are configured: TCP needs one, but for what is anonymous
};

// Where a request came in.
enum class Door : uint8_t { loopback, network, unix_socket };

class Access {
 public:
  explicit Access(AccessRules rules) : rules_(std::move(rules)) {}

  // 401 if the credential is wrong.
  Verdict<Grant> grant_for(Door door, std::optional<std::string_view> bearer) const;

  // A loopback listener answers only loopback names, so that a web page cannot reach it by a name
  // of its own (421).
  std::optional<Fault> refuse_host(Door door, std::string_view host) const;
  // A write from a page of another origin is 403 whatever its credential.
  std::optional<Fault> refuse_origin(Door door, std::string_view origin,
                                     std::string_view host) const;
  bool origin_allowed(Door door, std::string_view origin) const;
  // The CORS fields of an answer to a page of this origin, each with CR LF; empty if there is no
  // origin.
  std::string cors_fields(Door door, std::string_view origin) const;

  const AccessRules& rules() const { return rules_; }

 private:
  const AccessRules rules_;
};

}  // namespace fanfare
