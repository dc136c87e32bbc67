// broker/stream_route.h: a stream as an address: send to it, look at it, close it, and its client's
// voice back (protocol 4).
//
// Thread: its worker's.   Owned by: Routes.
// Any worker takes these; the worker that holds the stream carries them out and answers by message.
#pragma once

#include <string_view>

#include "broker/answering.h"
#include "broker/publish_route.h"
#include "broker/stream_id.h"

namespace fanfare {

class StreamRoute {
 public:
  StreamRoute(Answering& answering, RouteHost& host, PublishRoute& publish, const StreamIds& ids)
      : answering_(answering), host_(host), publish_(publish), ids_(ids) {}

  // `rest` is what follows /streams/ in the path.
  void run(Exchange& exchange, std::string_view rest);
  // The worker of the stream has answered.
  void on_answer(Connection& connection, const RequestAnswer& answer);

 private:
  void ask(Exchange& exchange, const StreamAddress& stream, StreamCommand command);
  // The body as one event.
  bool read_event(Exchange& exchange, StreamCommand& command);

  Answering& answering_;
  RouteHost& host_;
  PublishRoute& publish_;
  const StreamIds& ids_;
};

}  // namespace fanfare
