// broker/exchange.h: one request on its way through the routes, and what routes need of their
// worker.
//
// Thread: its worker's. An Exchange lives while its request is being looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/access.h"
#include "broker/connection.h"
#include "broker/live_settings.h"
#include "broker/message.h"
#include "broker/publication.h"
#include "broker/streams.h"

namespace fanfare {

struct Exchange {
  Connection& connection;
  const HttpRequest& request;
  const LiveSettings& live;
  Grant grant;
  std::string cors;  // fields of the answer
  std::vector<QueryParameter> query;

  // The value of a query parameter; nothing if it is absent.
  std::optional<std::string_view> parameter(std::string_view name) const {
    for (const QueryParameter& p : query) {
      if (p.name == name) return p.value;
    }
    return std::nullopt;
  }
};

// What a worker does for its routes.
class RouteHost {
 public:
  virtual ~RouteHost() = default;
  // Publishes, here or where the keys have their owner. The outcome comes to the request.
  virtual void publish(RequestRef from, uint64_t publisher, Publication&& publication) = 0;
  // To a worker's mailbox; it may be this one's.
  virtual void send(uint32_t worker, Message message) = 0;
  // A fault if this worker takes no such stream now (503 or 429).
  virtual std::optional<Fault> refuse_stream(const Exchange& exchange,
                                             const OpenStream& wanted) = 0;
  // The connection becomes a stream. It must have been admitted by refuse_stream().
  virtual void open_stream(Connection& connection, OpenStream open) = 0;
  virtual EventNumber bus_tail() const = 0;
  virtual Instant now() const = 0;
  virtual WallTime wall_now() const = 0;
};

}  // namespace fanfare
