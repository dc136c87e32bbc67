// broker/connections.h: the sockets of one worker that speak requests: reading, answering,
// pipelining, patience.
//
// Thread: its worker's.   Owned by: Worker.
// What a request means is its RequestHandler's business. Answers of one turn go out together at its
// end (flush). While a request is parked its connection is not read: that is the back pressure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/connection.h"
#include "broker/fault.h"
#include "broker/live_settings.h"
#include "broker/message.h"
#include "core/timer_wheel.h"

namespace fanfare {

// What requests mean.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  // The head is here and a body follows: how long it may be, or why it is refused before it is
  // read.
  virtual Verdict<std::size_t> on_head(Connection& connection) = 0;
  // A whole request is in connection.parser. Answers it, parks it, or makes the connection a stream
  // (release()).
  virtual void on_request(Connection& connection) = 0;
  // Bytes of a connection that speaks lines are in connection.in: consumes whole lines, answers or
  // parks them.
  virtual void on_lines(Connection& connection) = 0;
  // What the parser refused, or what took too long, as an answer of this connection.
  virtual void on_refused(Connection& connection, const Fault& fault) = 0;
};

class Connections {
 public:
  struct Parts {
    Engine& engine;
    TimerWheel& wheel;
    RequestHandler& handler;
  };
  Connections(Parts parts, uint32_t worker, const LiveSettings& live);

  Connection& open(Slot slot, DoorInfo door, const SocketAddress* peer);
  // Null: the slot is no connection (any more).
  Connection* find(Slot slot);
  // The connection whose parked request this is; null if it has gone.
  Connection* find(RequestRef ref);

  // What the engine has of a connection's slot.
  void on_bytes(Connection& connection, Bytes bytes);
  void on_end(Connection& connection, int error);
  void on_writable(Connection& connection);
  void on_timer(uint32_t slot, Instant now);

  // --- For handlers ---
  // Appends an answer to the present request; fills in version, keep-alive and HEAD from it.
  void answer(Connection& connection, HttpAnswer answer);
  // The next answer says that the connection ends, and ends it.
  void make_last(Connection& connection) { connection.last = true; }
  // The connection ends when what is to be sent has gone.
  void end_after_answer(Connection& connection);
  // The request waits for somebody, who is to answer in this shape and with these header fields;
  // the ref finds it again.
  RequestRef park(Connection& connection, PendingAnswer::Shape shape, std::string fields = {});
  // A parked request has been answered: reads on, beginning with what is here already.
  void resume(Connection& connection);
  // The connection becomes something else (a stream): forgets it and gives back what it still had
  // to send.
  std::string release(Connection& connection);
  // Sends plain bytes (lines, interim answers).
  void send(Connection& connection, std::string_view bytes);

  // Sends what this turn has answered, in batches.
  void flush();
  void use_settings(const LiveSettings& live) {
    settings_ = &live.settings;
    proxies_ = &live.proxies;
  }
  std::size_t count() const { return count_; }
  bool has_work() const { return !to_flush_.empty(); }
  // Ends those that wait for a next request; the others end with their present one.
  void begin_drain();

 private:
  void process(Connection& connection, std::string_view fresh = {});
  void process_http(Connection& connection, std::string_view fresh);
  void decide_protocol(Connection& connection);
  void read_proxy_header(Connection& connection);
  void name_peer(Connection& connection, const SocketAddress& peer);
  void name_client(Connection& connection);
  void want_bytes(Connection& connection);
  static Connection::Stage stage_of(const Connection& connection);
  Duration patience_for(const Connection& connection) const;
  void set_patience(Connection& connection);
  void give_up(Connection& connection, uint16_t status, std::string_view slug, std::string detail);
  void queue_flush(Connection& connection);
  void after_send(Connection& connection);
  void close(Connection& connection, CloseHow how);

  Parts parts_;
  const uint32_t worker_;
  const Settings* settings_;
  const TrustedProxies* proxies_;
  std::vector<std::unique_ptr<Connection>> by_slot_;
  std::vector<Slot> to_flush_, flushing_;
  std::vector<Send> batch_;
  std::size_t count_ = 0;
  bool draining_ = false;
};

}  // namespace fanfare
