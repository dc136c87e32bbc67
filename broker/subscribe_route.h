// broker/subscribe_route.h: GET and HEAD of a topic, a pattern, or any mix of them: a stream opens
// (protocol 2).
//
// Thread: its worker's.   Owned by: Routes.
#pragma once

#include <optional>
#include <string_view>

#include "broker/answering.h"
#include "broker/subscribe_request.h"

namespace fanfare {

class SubscribeRoute {
 public:
  SubscribeRoute(Answering& answering, RouteHost& host, Epoch epoch, Random& random)
      : answering_(answering), host_(host), epoch_(epoch), random_(random) {}

  // What the Accept field asks for.
  enum class Form : uint8_t { sse, ndjson, frames, page };
  // Nothing: 406. `Page::offered` where a topic's live page could be given.
  enum class Page : uint8_t { none, offered };
  static std::optional<Form> form_of(const HttpRequest& request, Page page);

  void subscribe(Exchange& exchange, std::optional<std::string_view> path_topic, Form form);

 private:
  void answer_head(Exchange& exchange, const OpenStream& open);
  uint32_t jittered_retry_ms(const Settings& settings);
  Duration age_max_of(const Exchange& exchange);

  Answering& answering_;
  RouteHost& host_;
  const Epoch epoch_;
  Random& random_;
};

}  // namespace fanfare
