// broker/publish_route.h: POST and PUT of events: from a request's body to encoded events, and from
// what became of them to the answer (protocol 3).
//
// Thread: its worker's.   Owned by: Routes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/admission.h"
#include "broker/answering.h"
#include "broker/bus.h"
#include "broker/publish_body.h"

namespace fanfare {

class PublishRoute {
 public:
  PublishRoute(Answering& answering, RouteHost& host, Admission& admission, Epoch epoch)
      : answering_(answering), host_(host), admission_(admission), epoch_(epoch) {}

  // The longest body that is taken.
  static std::size_t body_bytes_max(const LiveSettings& live, const HttpRequest& request,
                                    bool has_topic);

  // A whole request; `path_topic` is decoded.
  void publish(Exchange& exchange, std::optional<std::string_view> path_topic);

  // 429 if its publisher has published too much of late; else `events` are counted.
  std::optional<Fault> refuse_rate(const Exchange& exchange, std::size_t events);

  // What became of the parked request.
  void on_outcome(Connection& connection, const PublishResult& result);

  // What is wrong with these events for this caller, if anything: grants, sizes, what is not
  // served.
  static std::optional<Fault> check_items(const Grant& grant, const LiveSettings& live,
                                          const PublishBatch& batch);
  static EventRef encode(const PublishItem& item);
  static uint64_t publisher_of(const Grant& grant, const Connection& connection);
  static PublishKey item_key(uint64_t publisher, const PublishItem& item);
  static Fault fault_of(PublishResult::Kind kind);
  // The answer to one event: {"id":"..."} and a line feed.
  static void append_id_line(std::string& out, EventId id);
  PublishReader& reader() { return reader_; }
  PublishBatch& batch() { return batch_; }
  static Admission::Limits admission_limits(const Settings& settings);

 private:
  std::optional<Fault> read(Exchange& exchange, std::optional<std::string_view> path_topic);
  std::optional<Fault> read_request_key(Exchange& exchange,
                                        std::optional<std::string_view> path_topic,
                                        uint64_t publisher, Publication& publication);

  Answering& answering_;
  RouteHost& host_;
  Admission& admission_;
  const Epoch epoch_;
  PublishReader reader_;
  PublishBatch batch_;
  std::string answer_;  // kept for its capacity
};

}  // namespace fanfare
