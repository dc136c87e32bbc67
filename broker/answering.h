// broker/answering.h: how routes answer: texts, JSON, problems, and refusals in the form that an
// EventSource survives.
//
// Thread: its worker's.   Owned by: Worker.
#pragma once

#include <string_view>

#include "broker/connections.h"
#include "broker/exchange.h"
#include "broker/fault.h"
#include "core/random.h"

namespace fanfare {

class Answering {
 public:
  Answering(Connections& connections, Random& random)
      : connections_(connections), random_(random) {}

  void answer(Exchange& exchange, unsigned status, std::string_view content_type,
              std::string_view body, std::string_view fields = {});
  void json(Exchange& exchange, unsigned status, std::string_view body,
            std::string_view fields = {}) {
    answer(exchange, status, "application/json", body, fields);
  }
  // A problem; with a jittered Retry-After where waiting helps.
  void refuse(Exchange& exchange, const Fault& fault, std::string_view fields = {});
  // The same without an exchange: what the parser refused, and answers to parked requests.
  void refuse(Connection& connection, std::string_view cors, const Fault& fault,
              std::string_view fields = {});
  // 405, with the methods that are allowed.
  void wrong_method(Exchange& exchange, std::string_view allowed);
  // A temporary refusal of a stream: a browser's EventSource, which any other status would kill for
  // good, gets a stream that closes at once and says when to try again.
  // The connection ends with it: its place is wanted.
  void refuse_stream(Exchange& exchange, const Fault& fault, uint32_t retry_ms);

  Connections& connections() { return connections_; }

 private:
  Connections& connections_;
  Random& random_;
};

}  // namespace fanfare
