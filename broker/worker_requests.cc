// broker/worker_requests.cc: what a worker does for requests, its own and those that other workers
// send on.
#include <algorithm>

#include <fmt/core.h>

#include "broker/problem.h"
#include "broker/worker.h"
#include "net/json_escape.h"

namespace fanfare {

LagPolicy Worker::lag_policy(const Subscription& subscription) const {
  return live_->policies.policy_of(subscription.names().front()).lag;
}

Duration Worker::history_age(const Subscription& subscription) const {
  return live_->policies.policy_of(subscription.names().front()).history_age;
}

void Worker::on_stream_closed(uint32_t slot) {
  server_.admission.release_stream(table_[slot].client);
}

// All events of a publisher's keys are remembered at one place: the worker that its hash names.
void Worker::publish(RequestRef from, uint64_t publisher, Publication&& publication) {
  const auto owner = static_cast<uint32_t>(publisher % server_.workers());
  if (publication.keyed() && owner != index_) {
    server_.send(owner, KeyedPublish{from, std::move(publication)});
    return;
  }
  publish_here(from, std::move(publication));
}

void Worker::publish_here(RequestRef from, Publication&& publication) {
  publisher_.publish(from, std::move(publication), engine_.now(), engine_.wall_now());
}

// A stream of a feed that is there needs no room for another one.
std::optional<std::string> Worker::feed_in_the_way(const Settings& settings,
                                                   const OpenStream& wanted) const {
  if (feeds_.holds(*wanted.subscription, wanted.format)) return std::nullopt;
  if (feeds_.count() >= settings.feeds_max) {
    return fmt::format("{} distinct subscriptions on this worker, its limit (--feeds-max)",
                       feeds_.count());
  }
  if (wanted.subscription->patterns().empty() || feeds_.pattern_count() < settings.patterns_max)
    return std::nullopt;
  return fmt::format("{} patterns are read on this worker, its limit (--patterns-max)",
                     feeds_.pattern_count());
}

std::optional<Fault> Worker::refuse_stream(const Exchange& exchange, const OpenStream& wanted) {
  const Settings& settings = exchange.live.settings;
  const auto busy = [this](uint16_t status, std::string detail) {
    door_.counters.streams_refused.add(1);
    return make_fault(status, status == 429 ? "too-many-requests" : "busy", std::move(detail));
  };
  if (server_.draining.load(std::memory_order_relaxed)) {
    door_.counters.streams_refused.add(1);
    return make_fault(503, "draining", "the broker is shutting down: connect again");
  }
  const uint32_t set = settings.streams_per_worker_max;
  const uint32_t most = set == 0 ? slots_.streams_max() : std::min(set, slots_.streams_max());
  if (streams_.count() >= most)
    return busy(503, fmt::format("{} streams are open on this worker, its limit", most));
  if (auto full = feed_in_the_way(settings, wanted)) return busy(503, *std::move(full));
  const auto verdict = server_.admission.admit_stream(PublishRoute::admission_limits(settings),
                                                      exchange.connection.client, engine_.now());
  switch (verdict) {
    case Admission::Verdict::admitted:
      return std::nullopt;
    case Admission::Verdict::too_many:
      return busy(
          503, fmt::format("{} streams are open, the limit (--streams-max)", settings.streams_max));
    case Admission::Verdict::too_many_of_client:
      return busy(
          429,
          fmt::format("{} streams are open from this address, the limit (--streams-per-client-max)",
                      settings.streams_per_client_max));
    case Admission::Verdict::too_fast:
      return busy(429,
                  fmt::format("more than {} new streams in a second (--new-streams-per-second)",
                              settings.new_streams_per_second));
  }
  return std::nullopt;
}

void Worker::open_stream(Connection& connection, OpenStream open) {
  const Slot slot = connection.slot;
  const bool gone = connection.peer_ended;
  // Answers to earlier requests of the connection that its socket has not taken yet go first.
  open.opening.head = connections_.release(connection);
  streams_.open(slot, std::move(open));
  if (gone) streams_.on_hung_up(slot.index);
}

std::string Worker::stream_row(uint32_t slot) {
  const Stream& stream = table_[slot];
  const Feed& feed = feeds_[stream.feed];
  std::string out = fmt::format("{{\"id\":\"{}...\",\"worker\":{},\"topics\":[",
                                streams_.id_of(slot).substr(0, stream_id_shown_bytes), index_);
  bool first = true;
  for (const std::string_view name : feed.subscription()->names()) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, name);
  }
  out += fmt::format(
      "],\"client\":\"{}\",\"position\":\"{}\",\"behind\":{},\"blocked\":{},"
      "\"heartbeat_s\":{}}}",
      SocketAddress::client_text(stream.client), streams_.id(stream.next.previous()).text(),
      stream.behind || stream.pulling, static_cast<bool>(stream.blocked), stream.heartbeat_s);
  return out;
}

void Worker::on(StreamCommand&& m) {
  using Verb = StreamCommand::Verb;
  const auto answer = [&](unsigned status, std::string body, std::string slug = {}) {
    server_.send(m.from.worker, RequestAnswer{m.from, status, std::move(body), std::move(slug)});
  };
  Stream* const stream = table_.find(m.stream);
  if (stream == nullptr || stream->closing) {
    return answer(404, "no stream has this id (any more)", "stream-gone");
  }
  const uint32_t slot = m.stream.index;
  switch (m.verb) {
    case Verb::look:
      return answer(200, stream_row(slot) + "\n");
    case Verb::close:
      streams_.close(slot, CloseReason::kicked, engine_.now());
      return answer(204, {});
    case Verb::send:
      if (streams_.send_event(slot, m.type, m.data, m.kind)) return answer(202, {});
      return answer(503, "this stream's reader takes nothing at the moment: try again",
                    "readers-behind");
    case Verb::inbox: {
      const std::string_view topic = m.topic;
      Publication publication;
      publication.events.push_back(Event::make({std::span(&topic, 1), m.type, m.data, m.kind, 0}));
      return publish_here(m.from, std::move(publication));
    }
  }
}

void Worker::answer_lists() {
  const auto ready = std::stable_partition(
      lists_.begin(), lists_.end(), [&](const ListQuestion& q) { return q.upto > read_upto_; });
  for (auto list = ready; list != lists_.end(); ++list) answer_list(*list);
  lists_.erase(ready, lists_.end());
}

void Worker::answer_list(const ListQuestion& m) {
  ListReply reply;
  reply.to = m.from;
  reply.worker = index_;
  if (m.what == ListQuestion::What::topics) {
    list_topics(m, reply);
  } else {
    list_streams(m, reply);
  }
  server_.send(m.from.worker, std::move(reply));
}

void Worker::list_topics(const ListQuestion& question, ListReply& reply) {
  const auto by_name = [](const ListReply::Row& a, const ListReply::Row& b) {
    return a.name < b.name;
  };
  auto& rows = reply.rows;
  history_.for_each_topic([&](std::string_view name, EventNumber last, std::size_t events) {
    if (question.readable && !question.readable->covers(name)) return;
    ++reply.total;
    if (name <= question.after) return;
    std::string json = "{\"topic\":";
    append_json_string(json, name);
    json += fmt::format(",\"last\":\"{}\",\"kept\":{}}}", streams_.id(last).text(), events);
    rows.push_back({std::string(name), std::move(json)});
    // One row more than asked for, so that it is known whether there are more.
    if (rows.size() < 2 * (question.most + 1)) return;
    std::nth_element(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(question.most),
                     rows.end(), by_name);
    rows.resize(question.most + 1);
  });
  std::sort(rows.begin(), rows.end(), by_name);
  if (rows.size() > question.most + 1) rows.resize(question.most + 1);
}

void Worker::list_streams(const ListQuestion& question, ListReply& reply) {
  reply.total = streams_.count();
  streams_.for_each([&](uint32_t slot) {
    if (reply.rows.size() > question.most) return;
    std::string name = fmt::format("{:02}-{:08}", index_, slot);
    if (name > question.after) reply.rows.push_back({std::move(name), stream_row(slot)});
  });
}

void Worker::on(BeginDrain&& m) {
  drain_.begin(engine_.now(), m.window, random_);
}

void Worker::on(UseSettings&& m) {
  history_.use_policies(m.settings->policies);  // before the old ones go
  connections_.use_settings(*m.settings);
  streams_.use_settings(m.settings);
  routes_.use_settings(m.settings);
  live_ = std::move(m.settings);
}

}  // namespace fanfare
