// broker/live_settings.h: the settings, and what is derived from them: replaced as a whole at a
// reload.
//
// Thread: any; immutable after construction, held by shared_ptr while somebody looks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "broker/access.h"
#include "broker/bus.h"
#include "broker/publish_body.h"
#include "broker/settings.h"
#include "broker/topic_policy.h"
#include "net/ip_network.h"

namespace fanfare {

struct LiveSettings {
  LiveSettings(Settings of, AccessRules rules)
      : settings(std::move(of)),
        access(std::move(rules)),
        policies(settings.topic_defaults, settings.topics),
        publish_limits{
            .event_bytes_max = policies.event_bytes_max(settings.event_bytes_max),
            .batch_bytes_max = settings.batch_bytes_max,
            .batch_events_max = std::min<std::size_t>(bus_claim_max, settings.bus_slots)},
        proxies(settings.trusted_proxies) {}

  const Settings settings;
  const Access access;
  const TopicPolicies policies;
  // What a body may hold before it is known for which topic.
  const PublishLimits publish_limits;
  const TrustedProxies proxies;
};

}  // namespace fanfare
