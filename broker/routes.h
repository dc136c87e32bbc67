// broker/routes.h: which request goes where, and what every request must pass first: host, origin,
// credential, query.
//
// Thread: its worker's.   Owned by: Worker.
#pragma once

#include <memory>

#include "broker/answering.h"
#include "broker/line_route.h"
#include "broker/list_route.h"
#include "broker/page_route.h"
#include "broker/publish_route.h"
#include "broker/server_state.h"
#include "broker/stream_route.h"
#include "broker/subscribe_route.h"

namespace fanfare {

class Routes final : public RequestHandler {
 public:
  Routes(Connections& connections, RouteHost& host, ServerState& server, WorkerCounters& counters,
         std::shared_ptr<const LiveSettings> live, Random& random);

  Verdict<std::size_t> on_head(Connection& connection) override;
  void on_request(Connection& connection) override;
  void on_lines(Connection& connection) override;
  void on_refused(Connection& connection, const Fault& fault) override;

  // Answers to parked requests; nobody may be waiting any more.
  void on_outcome(RequestRef to, const PublishResult& result);
  void on_answer(const RequestAnswer& answer);
  void on_reply(ListReply&& reply) { list_.on_reply(std::move(reply)); }

  void use_settings(std::shared_ptr<const LiveSettings> live) { live_ = std::move(live); }

 private:
  // Fills in who asks and what with; a fault if it may not.
  std::optional<Fault> admit(Exchange& exchange) const;
  std::optional<Fault> read_grant(Exchange& exchange) const;
  void route(Exchange& exchange);
  void route_topic(Exchange& exchange, std::string_view raw);
  void route_events(Exchange& exchange);
  void route_internal(Exchange& exchange);
  void subscribe(Exchange& exchange, std::optional<std::string_view> topic);
  void publish(Exchange& exchange, std::optional<std::string_view> topic);
  void options(Exchange& exchange);

  Connections& connections_;
  RouteHost& host_;
  ServerState& server_;
  WorkerCounters& counters_;
  std::shared_ptr<const LiveSettings> live_;
  Answering answering_;
  PublishRoute publish_;
  LineRoute lines_;
  SubscribeRoute subscribe_;
  StreamRoute stream_;
  ListRoute list_;
  PageRoute page_;
};

}  // namespace fanfare
