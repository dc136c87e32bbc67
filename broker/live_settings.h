// broker/live_settings.h: the settings, and what is derived from them: replaced as a whole at a
// reload.
//
// Thread: any; immutable after construction, held by shared_ptr while somebody looks.
#pragma once

#include <utility>

#include "broker/access.h"
#include "broker/settings.h"
#include "broker/topic_policy.h"
#include "net/ip_network.h"

namespace fanfare {

struct LiveSettings {
  LiveSettings(Settings of, AccessRules rules)
      : settings(std::move(of)),
        access(std::move(rules)),
        policies(settings.topic_defaults, settings.topics),
        proxies(settings.trusted_proxies) {}

  const Settings settings;
  const Access access;
  const TopicPolicies policies;
  const TrustedProxies proxies;
};

}  // namespace fanfare
