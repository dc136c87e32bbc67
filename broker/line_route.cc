// broker/line_route.cc: lines to events, outcomes to lines.
#include "broker/line_route.h"

#include <fmt/core.h>

#include "broker/problem.h"

namespace fanfare {

void LineRoute::on_lines(Connection& connection, const LiveSettings& live) {
  while (connection.state == Connection::State::reading && take_batch(connection, live)) {
  }
}

// Publishes or answers the lines that are here, at most one claim's worth. False: there is no whole
// line (left).
bool LineRoute::take_batch(Connection& connection, const LiveSettings& live) {
  // simdjson reads beyond what it is given: its lines lie in a buffer with room behind them.
  connection.in.reserve(connection.in.size() + 64);
  const std::string_view in = connection.in;
  const std::size_t line_bytes_max = live.settings.batch_bytes_max;
  Taken taken;
  std::size_t at = 0;
  while (taken.answers.size() < bus_claim_max && !taken.over_long) {
    const std::size_t end = in.find('\n', at);
    if (end == in.npos) break;
    const std::string_view line = in.substr(at, end - at);
    if (line.size() > line_bytes_max || !take_line(connection, live, line, taken)) break;
    at = end + 1;
  }
  const std::size_t unfinished = std::min(in.find('\n', at), in.size()) - at;
  connection.in.erase(0, at);
  if (!taken.over_long && unfinished > line_bytes_max) {
    taken.over_long = true;
    taken.answers.push_back(
        problem_json(make_fault(
            413, slug::too_large,
            fmt::format("a line of more than {} bytes (--batch-bytes-max)", line_bytes_max))) +
        "\n");
  }
  if (taken.over_long) {  // nothing after it is read
    connection.in.clear();
    connection.peer_ended = true;
    connection.linger = true;
  }
  if (taken.publication.events.empty()) {
    for (const std::string& answer : taken.answers)
      answering_.connections().send(connection, answer);
    if (taken.over_long) answering_.connections().end_after_answer(connection);
    return at > 0 && !taken.over_long;
  }
  taken.publication.patience = Patience::forever;
  const RequestRef ref = answering_.connections().park(connection, PendingAnswer::Shape::lines);
  connection.pending.lines = std::move(taken.answers);
  host_.publish(ref, PublishRoute::publisher_of({}, connection), std::move(taken.publication));
  return true;
}

bool LineRoute::take_line(Connection& connection, const LiveSettings& live, std::string_view line,
                          Taken& taken) {
  PublishBatch& batch = publish_.batch();
  batch.clear();
  Grant grant;
  grant.everything = true;  // Unix sockets are open (protocol 7)
  auto fault = publish_.reader().read_line(line, live.publish_limits, batch);
  // Longer than any topic's events may be.
  if (fault && fault->status == 413) {
    taken.over_long = true;
    taken.answers.push_back(problem_json(*fault) + "\n");
    return true;
  }
  if (!fault) fault = PublishRoute::check_items(grant, live, batch);
  if (fault) {
    fault->line.reset();  // lines stand alone, and answers come in order
    taken.answers.push_back(problem_json(*fault) + "\n");
    return true;
  }
  if (batch.items().empty()) return true;  // an empty line
  const PublishItem& item = batch.items().front();
  // One with a key may be answered from what was published before: it stands alone.
  if (!taken.publication.keys.empty()) return false;
  if (!item.key.empty()) {
    if (!taken.publication.events.empty()) return false;
    const uint64_t publisher = PublishRoute::publisher_of(grant, connection);
    taken.publication.keys.push_back(PublishRoute::item_key(publisher, item));
  }
  taken.publication.events.push_back(PublishRoute::encode(item));
  taken.answers.emplace_back();
  return true;
}

void LineRoute::on_outcome(Connection& connection, const PublishResult& result) {
  std::string out;
  EventNumber number = result.first;
  for (const std::string& line : connection.pending.lines) {
    if (!line.empty()) {
      out += line;
    } else if (result.kind != PublishResult::Kind::published) {
      out += problem_json(PublishRoute::fault_of(result.kind)) + "\n";
    } else {
      PublishRoute::append_id_line(out, {epoch_, number});
      number = number.next();
    }
  }
  Connections& connections = answering_.connections();
  connections.send(connection, out);
  connections.resume(connection);
}

}  // namespace fanfare
