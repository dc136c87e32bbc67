// broker/connection.h: one accepted socket while it speaks requests; when it becomes a stream, this
// goes.
//
// Thread: its worker's.   Owned by: Connections.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/access.h"
#include "net/engine.h"
#include "net/http.h"
#include "net/http1_parser.h"

namespace fanfare {

// Which listener a connection came through.
struct DoorInfo {
  Door door = Door::loopback;
  bool internal = false;          // the operator's listener
  std::string_view address = {};  // as bound: "127.0.0.1:8080", "unix:/run/..."; outlives it all
};

// How a parked request is to be answered once its result is here. The request itself is kept by the
// parser, but an answer must not need its body.
struct PendingAnswer {
  enum class Shape : uint8_t { one, batch, lines, command, list };
  Shape shape = Shape::one;
  std::string fields;              // of CORS
  std::vector<std::string> lines;  // shape lines: the answer to each; empty ones take the next id
};

struct Connection {
  enum class Protocol : uint8_t { undecided, http, ndjson };
  enum class State : uint8_t {
    reading,  // collects a request; want_bytes may be armed
    waiting,  // a request is parked; nothing is read
    ending,   // closes when `out` has gone
  };

  // What it is waiting for; each has its patience.
  enum class Stage : uint8_t { fresh, idle, head, body, answer, taking };

  Slot slot;
  DoorInfo door;
  uint64_t client = 0;  // key of the client's address; 0 for a Unix peer
  uint64_t hop = 0;     // key of the address that connected: a trusted proxy's, or the client's
  Protocol protocol = Protocol::undecided;
  State state = State::reading;
  bool receiving : 1 = false;     // want_bytes is armed
  bool blocked : 1 = false;       // want_writable is armed
  bool flush_queued : 1 = false;  // in Connections' list of this turn
  bool peer_ended : 1 = false;    // it has finished sending
  bool linger : 1 = false;        // unread input may come: close without a reset
  bool last : 1 = false;          // its next answer ends it
  bool proxied : 1 = false;       // a trusted proxy connected: its requests name their clients
  bool awaits_proxy_header : 1 = false;  // nothing is read before the PROXY protocol's header
  bool head_known : 1 = false;  // the head of the request has been looked at, its body is arriving
  uint32_t serial = 0;          // of the parked request: rises with each
  Stage stage = Stage::fresh;
  Instant deadline{};                   // when the patience for this stage ends
  std::unique_ptr<Http1Parser> parser;  // protocol http
  std::string in;                       // received and not consumed
  std::string out;                      // to be sent
  std::size_t out_sent = 0;
  PendingAnswer pending;
  std::optional<Grant> grant;  // of the request whose head was looked at, until it is routed
};

}  // namespace fanfare
