// broker/connection.h: one accepted socket while it speaks requests; when it becomes a stream, this goes.
//
// Thread: its worker's.   Owned by: Connections.
#pragma once

#include <cstdint>
#include <string>

#include "broker/access.h"
#include "broker/publication.h"
#include "net/engine.h"
#include "net/http.h"

namespace fanfare {

// Which listener it came through.
struct DoorInfo {
  Door door = Door::loopback;
  bool internal = false;  // the operator's listener
};

// How a parked request is to be answered once its result is here.
struct PendingAnswer {
  enum class Shape : uint8_t { one, batch, lines, command };
  Shape shape = Shape::one;
  bool keep_alive = true;
  bool head_only = false;
  unsigned minor = 1;
  std::string fields;              // CORS
  std::vector<std::string> lines;  // shape lines: the answer to each; empty ones take the next published id
};

struct Connection {
  enum class Protocol : uint8_t { undecided, http, ndjson };
  enum class State : uint8_t {
    reading,  // collects a request; want_bytes may be armed
    waiting,  // a request is parked; nothing is read
    ending,   // closes when `out` has gone
  };

  Slot slot;
  uint32_t listener = 0;
  DoorInfo door;
  uint64_t client = 0;      // key of the address
  std::string peer;         // its text, for lists
  Protocol protocol = Protocol::undecided;
  State state = State::reading;
  bool receiving = false;   // want_bytes is armed
  bool blocked = false;     // want_writable is armed
  bool flush_queued = false;
  bool peer_ended = false;  // it has finished sending
  bool linger = false;      // unread input may come: close without a reset
  uint32_t serial = 0;      // of the parked request
  Instant request_began{};  // of the one being read
  std::string in;           // received and not consumed
  std::size_t searched = 0; // of `in`, for the end of the head
  std::string body;         // of the request being read
  std::unique_ptr<struct RequestUnderWay> request;  // its head is here, its body is not yet
  std::string out;          // to be sent
  std::size_t out_sent = 0;
  PendingAnswer pending;
};

}  // namespace fanfare
