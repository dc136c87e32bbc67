// broker/line_route.h: bare NDJSON on a Unix socket: each line an event, each answered by a line,
// in order (protocol 3).
//
// Thread: its worker's.   Owned by: Routes.
// Lines that are here together are published together; a bad one is answered and stands alone.
// While readers cannot be reached the socket is not read: that is the back pressure, and nothing is
// lost.
#pragma once

#include "broker/publish_route.h"

namespace fanfare {

class LineRoute {
 public:
  LineRoute(Answering& answering, RouteHost& host, PublishRoute& publish, Epoch epoch)
      : answering_(answering), host_(host), publish_(publish), epoch_(epoch) {}

  // Takes the whole lines off connection.in.
  void on_lines(Connection& connection, const LiveSettings& live);
  void on_outcome(Connection& connection, const PublishResult& result);

 private:
  struct Taken {
    Publication publication;
    std::vector<std::string> answers;  // one a line; empty: gets the next id
    bool over_long = false;            // the last one was: nothing after it is read
  };
  bool take_batch(Connection& connection, const LiveSettings& live);
  // One line; false: the batch ends before it.
  bool take_line(Connection& connection, const LiveSettings& live, std::string_view line,
                 Taken& taken);

  Answering& answering_;
  RouteHost& host_;
  PublishRoute& publish_;
  const Epoch epoch_;
};

}  // namespace fanfare
