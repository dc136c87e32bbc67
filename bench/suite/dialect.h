// bench/suite/dialect.h: how a server is spoken to: what opens a stream, what publishes an event,
// and how the answers look.
//
// Thread: any; without state of their own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/suite/unframer.h"
#include "bench/suite/url_template.h"
#include "core/result.h"

namespace fanfare::bench {

// All that differs between servers, as texts with {topic}, {i} and {data}.
struct Manner {
  std::string name = "plain";
  std::string subscribe;                       // URL template
  std::string publish;                         // URL template
  std::vector<std::string> headers;            // "Name: value", for both
  std::vector<std::string> publish_headers;    // for publishing only
  std::vector<std::string> subscribe_headers;  // for streams only
  std::string body = "{data}";
  std::string content_type = "text/plain";
  std::string hello;       // what a WebSocket says first, to subscribe; empty: nothing
  std::string from_start;  // query that also asks for what was published before; empty: none
  std::string batch_path;  // takes lines as `line`, several in a body; empty: no batches
  std::string line;        // with {topic} and {data}; also the Unix socket's
};

// What a stream or an event is for.
struct Subscription {
  std::string_view topic;
  uint64_t i = 0;
  std::string_view last_event_id;
  bool from_start = false;
};
struct Publication {
  std::string_view topic;
  uint64_t i = 0;
  std::string_view data;
};

struct Opening {
  enum class State : uint8_t { more, open, refused };
  State state = State::more;
  std::size_t used = 0;  // bytes before the stream's first
  Framing framing = Framing::raw;
  std::string why;  // refused
};

// Why a server ended a stream, from the last bytes it sent: Fanfare says it in an event.
std::string why_ended(std::string_view last_bytes);

class SubscribeDialect {
 public:
  virtual ~SubscribeDialect() = default;
  virtual std::string request(const Subscription& subscription) const = 0;
  virtual Opening read_opening(std::string_view received) const = 0;
  // Said once the stream is open; may be empty.
  virtual std::string after_opening(const Subscription&) const { return {}; }
  const SocketTarget& to() const { return to_; }

 protected:
  explicit SubscribeDialect(const SocketTarget& to) : to_(to) {}
  const SocketTarget to_;
};

struct Answer {
  std::size_t used = 0;  // 0: not whole yet
  bool accepted = false;
  bool closes = false;  // the server will end the connection after it
};

class PublishDialect {
 public:
  virtual ~PublishDialect() = default;
  // Said once on each connection; its answers are not counted.
  virtual std::string greeting() const { return {}; }
  virtual void append(std::string& out, const Publication& publication) const = 0;
  virtual Answer read_answer(std::string_view received) const = 0;
  // Of several events of one topic; false: it has no such way.
  virtual bool append_batch(std::string&, std::string_view, const std::vector<std::string>&) const {
    return false;
  }
  // Requests that may wait for their answers at once on one connection.
  virtual uint32_t window() const { return 1; }
  const SocketTarget& to() const { return to_; }

 protected:
  explicit PublishDialect(const SocketTarget& to) : to_(to) {}
  const SocketTarget to_;
};

Result<std::unique_ptr<SubscribeDialect>> make_subscribe_dialect(const Manner& manner);
Result<std::unique_ptr<PublishDialect>> make_publish_dialect(const Manner& manner);

}  // namespace fanfare::bench
