// broker/stream_route.cc: /streams/{id} and /streams/{id}/inbox.
#include "broker/stream_route.h"

#include <fmt/core.h>

#include "broker/problem.h"
#include "core/limits.h"

namespace fanfare {
namespace {

// Leaves room in the stream's own buffer for what the broker has to say.
constexpr std::size_t message_bytes_max = limits::own_bytes_max - 4_KiB;

}  // namespace

void StreamRoute::run(Exchange& exchange, std::string_view rest) {
  constexpr std::string_view inbox_suffix = "/inbox";
  const bool inbox = rest.ends_with(inbox_suffix);
  if (inbox) rest.remove_suffix(inbox_suffix.size());
  const Method method = exchange.request.method;
  StreamCommand command;
  if (inbox) {
    if (method != Method::post) return answering_.wrong_method(exchange, "POST, OPTIONS");
    command.verb = StreamCommand::Verb::inbox;
  } else if (method == Method::get || method == Method::head) {
    command.verb = StreamCommand::Verb::look;
  } else if (method == Method::post) {
    command.verb = StreamCommand::Verb::send;
  } else if (method == Method::del) {
    command.verb = StreamCommand::Verb::close;
  } else {
    return answering_.wrong_method(exchange, "GET, HEAD, POST, DELETE, OPTIONS");
  }
  // Its client's voice needs no more than the right to have a stream; all else is a publisher's.
  const bool reader = inbox && exchange.grant.subscribe != nullptr;
  if (const auto fault = exchange.grant.refuse_streams(); fault && !reader) {
    return answering_.refuse(exchange, *fault);
  }
  const auto stream = ids_.parse(rest);
  if (!stream) {
    return answering_.refuse(exchange,
                             make_fault(404, "stream-gone", "no stream has this id (any more)"));
  }
  const bool says = command.verb == StreamCommand::Verb::send || inbox;
  if (says && !read_event(exchange, command)) return;
  if (inbox) {
    command.topic = fmt::format("$inbox/{}", rest);
    if (const auto fault = publish_.refuse_rate(exchange, 1))
      return answering_.refuse(exchange, *fault);
  }
  ask(exchange, *stream, std::move(command));
}

bool StreamRoute::read_event(Exchange& exchange, StreamCommand& command) {
  PublishRequest request;
  request.path_topic = "stream";  // no topic, but the same rules for a body
  request.content_type = exchange.request.field("content-type");
  for (const QueryParameter& p : exchange.query) {
    if (p.name == "event") {
      request.event = p.value;
    } else if (!p.name.starts_with('_')) {
      Fault fault = make_fault(
          400, slug::bad_parameter,
          fmt::format("unknown query parameter '{}': event is the one known here", p.name));
      fault.field = p.name;
      answering_.refuse(exchange, fault);
      return false;
    }
  }
  PublishLimits limits = exchange.live.publish_limits;
  limits.event_bytes_max = command.verb == StreamCommand::Verb::send
                               ? message_bytes_max
                               : exchange.live.settings.event_bytes_max;
  PublishBatch& batch = publish_.batch();
  if (const auto fault =
          publish_.reader().read(request, exchange.connection.parser->body(), limits, batch)) {
    answering_.refuse(exchange, *fault);
    return false;
  }
  if (batch.items().size() != 1) {
    answering_.refuse(exchange,
                      make_fault(400, "bad-request", "one event at a time goes to a stream"));
    return false;
  }
  const PublishItem& item = batch.items().front();
  command.type = item.type;
  command.data = item.data;
  command.kind = item.data_kind;
  return true;
}

void StreamRoute::ask(Exchange& exchange, const StreamAddress& stream, StreamCommand command) {
  using Shape = PendingAnswer::Shape;
  const Shape shape = command.verb == StreamCommand::Verb::inbox ? Shape::one : Shape::command;
  command.from =
      answering_.connections().park(exchange.connection, shape, std::move(exchange.cors));
  command.stream = stream.slot;
  host_.send(stream.worker, std::move(command));
}

void StreamRoute::on_answer(Connection& connection, const RequestAnswer& answer) {
  Connections& connections = answering_.connections();
  const std::string fields = connection.pending.fields;
  if (answer.status >= 400) {
    answering_.refuse(connection, fields,
                      make_fault(static_cast<uint16_t>(answer.status),
                                 problem_kind(answer.slug).slug, answer.body));
  } else {
    HttpAnswer out;
    out.status = answer.status;
    if (!answer.body.empty()) out.content_type = "application/json";
    out.fields = fields;
    out.body = answer.body;
    connections.answer(connection, out);
  }
  connections.resume(connection);
}

}  // namespace fanfare
