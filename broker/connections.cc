// broker/connections.cc: bytes in, requests out; answers in batches; patience by one timer a
// connection.
#include "broker/connections.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "broker/forwarded.h"
#include "broker/problem.h"
#include "core/check.h"
#include "core/limits.h"
#include "net/proxy_protocol.h"

namespace fanfare {
namespace {

// A client that pipelines without reading its answers is not read further beyond this.
constexpr std::size_t unread_answers_bytes_max = 256_KiB;
constexpr std::size_t sends_per_batch = 32;

}  // namespace

Connections::Connections(Parts parts, uint32_t worker, const LiveSettings& live)
    : parts_(parts), worker_(worker), settings_(&live.settings), proxies_(&live.proxies) {}

Connection& Connections::open(Slot slot, DoorInfo door, const SocketAddress* peer) {
  if (slot.index >= by_slot_.size()) by_slot_.resize(slot.index + 1);
  CHECK(by_slot_[slot.index] == nullptr);
  auto made = std::make_unique<Connection>();
  made->slot = slot;
  made->door = door;
  if (peer != nullptr && !peer->is_unix()) {
    name_peer(*made, *peer);
    made->awaits_proxy_header = made->proxied && settings_->proxy_protocol;
  }
  Connection& connection = *(by_slot_[slot.index] = std::move(made));
  ++count_;
  set_patience(connection);
  want_bytes(connection);
  return connection;
}

Connection* Connections::find(Slot slot) {
  if (slot.index >= by_slot_.size()) return nullptr;
  Connection* const connection = by_slot_[slot.index].get();
  return connection != nullptr && connection->slot == slot ? connection : nullptr;
}

Connection* Connections::find(RequestRef ref) {
  Connection* const connection = find(ref.slot);
  const bool waits = connection != nullptr && connection->serial == ref.serial &&
                     connection->state == Connection::State::waiting;
  return waits ? connection : nullptr;
}

void Connections::want_bytes(Connection& connection) {
  if (connection.receiving || connection.peer_ended) return;
  connection.receiving = true;
  parts_.engine.want_bytes(connection.slot);
}

void Connections::on_bytes(Connection& connection, Bytes bytes) {
  connection.receiving = false;
  process(connection, text_of(bytes));
}

void Connections::on_end(Connection& connection, int error) {
  connection.receiving = false;
  connection.peer_ended = true;
  if (error != 0) {
    close(connection, CloseHow::now);
    return;
  }
  process(connection);
}

void Connections::on_writable(Connection& connection) {
  connection.blocked = false;
  queue_flush(connection);
}

// The operator's listener is asked by kubelets and scrapers, never through a proxy.
void Connections::name_peer(Connection& connection, const SocketAddress& peer) {
  connection.hop = connection.client = peer.client_key();
  connection.proxied = !connection.door.internal && proxies_->trusts(peer);
}

// A proxy's connection carries requests of many clients: each request names its own.
void Connections::name_client(Connection& connection) {
  if (!connection.proxied) return;
  const auto client = forwarded_client(connection.parser->request(), *proxies_);
  connection.client = client ? client->client_key() : connection.hop;
}

void Connections::read_proxy_header(Connection& connection) {
  const ProxyHeader header = fanfare::read_proxy_header(connection.in);
  if (header.step == ProxyHeader::Step::more) return;
  connection.awaits_proxy_header = false;
  if (header.step == ProxyHeader::Step::refused) {
    connection.linger = true;
    parts_.handler.on_refused(
        connection, make_fault(400, "bad-request",
                               fmt::format("this proxy must send the PROXY protocol first "
                                           "(--proxy-protocol): {}",
                                           header.why)));
    end_after_answer(connection);
    connection.in.clear();
    return;
  }
  connection.in.erase(0, header.used);
  if (header.source) name_peer(connection, *header.source);
}

void Connections::decide_protocol(Connection& connection) {
  const char first = connection.in.front();
  const bool unix_socket = connection.door.door == Door::unix_socket;
  if (unix_socket && first == '{') {
    connection.protocol = Connection::Protocol::ndjson;
    return;
  }
  if (unix_socket && (first < 'A' || first > 'Z')) {
    send(connection,
         problem_json(make_fault(400, "bad-request",
                                 "this socket takes lines of JSON that begin with '{', or HTTP")) +
             "\n");
    connection.linger = true;
    end_after_answer(connection);
    return;
  }
  connection.protocol = Connection::Protocol::http;
  connection.parser = std::make_unique<Http1Parser>(
      HttpLimits{.head_bytes_max = settings_->head_bytes_max, .fields_max = 100});
}

// Takes requests off connection.in, and off what has just come, until one is parked, the input is
// used up, or the connection ends. Mostly a request comes whole and alone: then it is parsed where
// it was received, and connection.in stays empty.
void Connections::process(Connection& connection, std::string_view fresh) {
  using State = Connection::State;
  const Slot slot = connection.slot;
  const bool in_place = connection.protocol == Connection::Protocol::http &&
                        connection.in.empty() && connection.state == State::reading;
  if (!in_place) connection.in.append(std::exchange(fresh, {}));
  if (connection.awaits_proxy_header && !connection.in.empty()) read_proxy_header(connection);
  const bool named = !connection.awaits_proxy_header;
  if (named && connection.state == State::reading && !connection.in.empty() &&
      connection.protocol == Connection::Protocol::undecided) {
    decide_protocol(connection);
  }
  if (named && connection.state == State::reading && !(connection.in.empty() && fresh.empty())) {
    if (connection.protocol == Connection::Protocol::http) {
      process_http(connection, fresh);
    } else {
      parts_.handler.on_lines(connection);
    }
    if (find(slot) != &connection) return;  // it has become a stream
  }
  if (connection.peer_ended && connection.state == State::reading) {
    // What is not whole will never be. What has been answered still goes out.
    end_after_answer(connection);
  }
  if (connection.state == State::reading &&
      connection.out.size() - connection.out_sent < unread_answers_bytes_max) {
    want_bytes(connection);
  }
  set_patience(connection);
}

void Connections::process_http(Connection& connection, std::string_view fresh) {
  using Step = Http1Parser::Step;
  const Slot slot = connection.slot;
  const std::string held = std::exchange(connection.in, {});
  std::string_view rest = held.empty() ? fresh : held;
  while (connection.state == Connection::State::reading) {
    if (connection.out.size() - connection.out_sent >= unread_answers_bytes_max) break;
    std::size_t used = 0;
    const Step step = connection.parser->feed(rest, used);
    rest.remove_prefix(used);
    if (step == Step::more) break;
    if (step == Step::head) {
      connection.head_known = true;
      name_client(connection);
      const Verdict<std::size_t> most = parts_.handler.on_head(connection);
      if (most) {
        connection.parser->limit_body(*most);
        const HttpRequest& request = connection.parser->request();
        if (request.expects_continue && rest.empty())
          send(connection, "HTTP/1.1 100 Continue\r\n\r\n");
        continue;
      }
      connection.linger = true;
      parts_.handler.on_refused(connection, most.fault());
      end_after_answer(connection);
    } else if (step == Step::refused) {
      connection.linger = true;
      Fault fault;
      fault.status = static_cast<uint16_t>(connection.parser->refusal().status);
      fault.detail = connection.parser->refusal().detail;
      parts_.handler.on_refused(connection, fault);
      end_after_answer(connection);
    } else {
      connection.in.assign(rest);  // pipelined; kept here if the request is parked
      parts_.handler.on_request(connection);
      if (find(slot) != &connection) return;
      if (connection.state == Connection::State::reading) {
        connection.head_known = false;
        connection.parser->next();
      }
    }
  }
  // One assignment at the end, and none per request, when many are pipelined.
  if (connection.state == Connection::State::ending) rest = {};
  connection.in.assign(rest);
}

void Connections::answer(Connection& connection, HttpAnswer answer) {
  if (connection.parser != nullptr && connection.head_known) {
    const HttpRequest& request = connection.parser->request();
    answer.minor = request.minor;
    const bool ends = connection.linger || connection.last || draining_;
    answer.keep_alive = answer.keep_alive && request.keep_alive && !ends;
    answer.head_only = request.method == Method::head;
  } else {
    answer.keep_alive = false;
  }
  append_answer(connection.out, answer);
  if (!answer.keep_alive) end_after_answer(connection);
  queue_flush(connection);
}

void Connections::send(Connection& connection, std::string_view bytes) {
  connection.out += bytes;
  queue_flush(connection);
}

void Connections::end_after_answer(Connection& connection) {
  connection.state = Connection::State::ending;
  queue_flush(connection);
}

RequestRef Connections::park(Connection& connection, PendingAnswer::Shape shape,
                             std::string fields) {
  connection.state = Connection::State::waiting;
  connection.pending.shape = shape;
  connection.pending.fields = std::move(fields);
  ++connection.serial;
  return {worker_, connection.slot, connection.serial};
}

void Connections::resume(Connection& connection) {
  connection.pending.fields.clear();
  connection.pending.lines = std::vector<std::string>();  // with its memory
  if (connection.state == Connection::State::waiting) {
    connection.state = Connection::State::reading;
    connection.head_known = false;
    if (connection.parser) connection.parser->next();
  }
  process(connection);
}

std::string Connections::release(Connection& connection) {
  std::string unsent = connection.out.substr(connection.out_sent);
  parts_.wheel.cancel(connection.slot.index);
  by_slot_[connection.slot.index].reset();
  --count_;
  return unsent;
}

void Connections::queue_flush(Connection& connection) {
  if (connection.flush_queued || connection.blocked) return;
  connection.flush_queued = true;
  to_flush_.push_back(connection.slot);
}

void Connections::flush() {
  flushing_.swap(to_flush_);
  const std::vector<Slot>& slots = flushing_;
  for (std::size_t at = 0; at < slots.size(); at += sends_per_batch) {
    const std::size_t end = std::min(slots.size(), at + sends_per_batch);
    batch_.clear();
    for (std::size_t i = at; i < end; ++i) {
      Connection* const connection = find(slots[i]);
      if (connection == nullptr) continue;
      connection->flush_queued = false;
      const std::string_view rest = std::string_view(connection->out).substr(connection->out_sent);
      if (rest.empty()) {
        after_send(*connection);
      } else {
        batch_.push_back({connection->slot, bytes_of(rest), 0});
      }
    }
    if (batch_.empty()) continue;
    parts_.engine.send(batch_);
    for (const Send& sent : batch_) {
      Connection& connection = *find(sent.slot);
      if (sent.result >= 0) {
        connection.out_sent += static_cast<std::size_t>(sent.result);
        after_send(connection);
      } else if (sent.result == -EAGAIN) {
        after_send(connection);
      } else {
        close(connection, CloseHow::now);
      }
    }
  }
  flushing_.clear();
}

void Connections::after_send(Connection& connection) {
  if (connection.out_sent < connection.out.size()) {
    connection.blocked = true;
    parts_.engine.want_writable(connection.slot);
    set_patience(connection);
    return;
  }
  connection.out_sent = 0;
  if (connection.out.capacity() > 16_KiB) {
    std::string().swap(connection.out);
  } else {
    connection.out.clear();
  }
  if (connection.state == Connection::State::ending) {
    close(connection, connection.linger ? CloseHow::linger : CloseHow::now);
    return;
  }
  // It may have been left unread because of answers that it did not take.
  if (connection.state == Connection::State::reading && !connection.receiving) process(connection);
}

void Connections::close(Connection& connection, CloseHow how) {
  const Slot slot = connection.slot;
  parts_.wheel.cancel(slot.index);
  by_slot_[slot.index].reset();
  --count_;
  parts_.engine.close(slot, how);
}

Connection::Stage Connections::stage_of(const Connection& connection) {
  using Stage = Connection::Stage;
  using State = Connection::State;
  if (connection.blocked || connection.state == State::ending) return Stage::taking;
  if (connection.state == State::waiting) return Stage::answer;
  if (connection.protocol == Connection::Protocol::undecided) return Stage::fresh;
  const bool began = connection.parser != nullptr && connection.parser->began();
  if (!began) return Stage::idle;
  return connection.head_known ? Stage::body : Stage::head;
}

Duration Connections::patience_for(const Connection& connection) const {
  using Stage = Connection::Stage;
  switch (connection.stage) {
    case Stage::fresh:
    case Stage::head:
      return settings_->head_timeout;
    case Stage::body:
      return settings_->body_timeout;
    case Stage::answer:
      return settings_->publish_wait + std::chrono::seconds(30);
    case Stage::idle:
    case Stage::taking:
      break;
  }
  return settings_->idle_timeout;
}

// A request that trickles does not get more time with each byte: only a new stage has a new
// deadline.
void Connections::set_patience(Connection& connection) {
  using Stage = Connection::Stage;
  const Stage stage = stage_of(connection);
  const bool progress = stage == Stage::idle || stage == Stage::taking;
  if (stage == connection.stage && connection.deadline != Instant{} && !progress) return;
  connection.stage = stage;
  if (connection.protocol == Connection::Protocol::ndjson && stage != Stage::taking) {
    // A line may be long in coming, and readers that cannot be reached are waited for.
    parts_.wheel.cancel(connection.slot.index);
    return;
  }
  connection.deadline = parts_.engine.now() + patience_for(connection);
  parts_.wheel.schedule(connection.slot.index, connection.deadline);
}

void Connections::on_timer(uint32_t slot, Instant now) {
  using Stage = Connection::Stage;
  Connection& connection = *by_slot_[slot];
  if (now < connection.deadline) {
    parts_.wheel.schedule(slot, connection.deadline);
    return;
  }
  switch (connection.stage) {
    case Stage::taking:
      close(connection, CloseHow::reset);
      return;
    case Stage::fresh:
    case Stage::idle:
      close(connection, CloseHow::now);
      return;
    case Stage::head:
      give_up(connection, 408, "timeout",
              "the head of the request did not arrive within --head-timeout");
      return;
    case Stage::body:
      give_up(connection, 408, "timeout", "the body did not arrive within --body-timeout");
      return;
    case Stage::answer:
      give_up(connection, 503, "busy", "no answer came in time: try again");
      return;
  }
}

void Connections::give_up(Connection& connection, uint16_t status, std::string_view slug,
                          std::string detail) {
  Fault fault;
  fault.status = status;
  fault.slug = slug;
  fault.detail = std::move(detail);
  connection.linger = true;
  parts_.handler.on_refused(connection, fault);
  end_after_answer(connection);
  set_patience(connection);
}

void Connections::begin_drain() {
  draining_ = true;
  for (auto& held : by_slot_) {
    if (held && held->state == Connection::State::reading && held->in.empty() &&
        held->protocol != Connection::Protocol::undecided &&
        !(held->parser && held->parser->began())) {
      end_after_answer(*held);
    }
  }
}

}  // namespace fanfare
