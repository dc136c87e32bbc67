// broker/message.h: what workers say to each other: the second crossing of threads, beside the bus.
//
// Messages are small values; events cross as counted references. Nobody outside holds a Worker&:
// they hold a mailbox.
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

struct LiveSettings;

// A request of a connection that waits for somebody's answer. Serials rise within a connection, so
// that an answer that comes too late finds nobody.
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
  std::string topic;       // inbox: where the client's voice is published
  DataKind kind = DataKind::text;
};

// The answer to a parked request, ready to be written.
struct RequestAnswer {
  RequestRef to;
  unsigned status = 200;
  std::string body;  // JSON; a problem if status is 400 or above
  std::string slug;  // of the problem, then `body` is its detail
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

// For lists that every worker has a part of: the topics at home there, the streams open there.
struct ListQuestion {
  enum class What : uint8_t { topics, streams };
  What what{};
  RequestRef from;
  std::string after;           // rows whose name is above this one
  std::size_t most = 100;      // rows at most
  Subscription::Ref readable;  // topics: those that it covers; null: all
  EventNumber upto;            // topics: answered when the bus has been read up to here
};
struct ListReply {
  struct Row {
    std::string name;  // a topic's; of a stream its worker and slot
    std::string json;  // an object
  };
  RequestRef to;
  uint32_t worker = 0;
  std::size_t total = 0;  // all there are on that worker, shown or not
  std::vector<Row> rows;  // sorted by name
};

struct BeginDrain {
  Duration window{};
};
struct Stop {};
struct UseSettings {
  std::shared_ptr<const LiveSettings> settings;
};

using Message =
    std::variant<HistoryQuestion, HistoryReply, StreamCommand, RequestAnswer, KeyedPublish,
                 PublishOutcome, Adopt, ListQuestion, ListReply, BeginDrain, Stop, UseSettings>;

}  // namespace fanfare
