// broker/message.h: what workers say to each other: the second crossing of threads, beside the bus.
//
// Messages are small values; events cross as counted references. Nobody outside holds a Worker&: they hold a mailbox.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "broker/history.h"
#include "broker/publication.h"
#include "net/address.h"
#include "net/engine.h"

namespace fanfare {

struct Settings;

// A request of a connection that waits for somebody's answer. Serials rise within a connection, so that an answer that comes
// too late finds nobody.
struct RequestRef {
  uint32_t worker = 0;
  Slot slot;
  uint32_t serial = 0;
};

// To a topic's home and back.
struct HistoryQuestion {
  uint32_t from = 0;
  uint64_t page = 0;
  HistoryAsk ask;
};
struct HistoryReply {
  uint64_t page = 0;
  HistoryAnswer answer;
};

// To the worker of a stream: something for that stream alone.
struct StreamCommand {
  enum class Verb : uint8_t { send, look, close, inbox };
  Verb verb{};
  RequestRef from;
  Slot stream;
  std::string type, data;  // send and inbox
  DataKind kind = DataKind::text;
};

// The answer to a parked request, ready to be written.
struct RequestAnswer {
  RequestRef to;
  unsigned status = 200;
  std::string body;         // JSON; a problem if status is 400 or above
  std::string slug;         // of the problem, then `body` is its detail
};

// A publish that the owner of its idempotency key carries out, and what became of it.
struct KeyedPublish {
  RequestRef from;
  Publication publication;
};
struct PublishOutcome {
  RequestRef to;
  PublishResult result;
};

// A connection that was accepted by a worker with too many.
struct Adopt {
  int descriptor = -1;
  uint32_t listener = 0;
  SocketAddress peer;
};

// For the lists of the internal listener.
struct ListStreams {
  RequestRef from;
  std::size_t skip = 0, most = 100;
};
struct StreamList {
  RequestRef to;
  uint32_t worker = 0;
  std::size_t streams = 0;       // open on that worker
  std::vector<std::string> rows;  // JSON objects
};

struct BeginDrain {
  Duration window{};
};
struct Stop {};
struct UseSettings {
  std::shared_ptr<const Settings> settings;
};

using Message = std::variant<HistoryQuestion, HistoryReply, StreamCommand, RequestAnswer, KeyedPublish,
                             PublishOutcome, Adopt, ListStreams, StreamList, BeginDrain, Stop, UseSettings>;

}  // namespace fanfare
