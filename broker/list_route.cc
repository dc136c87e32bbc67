// broker/list_route.cc: asks every worker, and puts their parts together.
#include "broker/list_route.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "broker/problem.h"
#include "broker/text_rules.h"
#include "net/json_escape.h"

namespace fanfare {
namespace {

constexpr std::size_t rows_max = 1000;

std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Fault> read_query(const Exchange& exchange, ListQuestion& question) {
  for (const QueryParameter& p : exchange.query) {
    if (p.name.starts_with('_')) continue;
    const auto number = number_in(p.value);
    if (p.name == "limit" && number && *number >= 1 && *number <= rows_max) {
      question.most = *number;
    } else if (p.name == "after") {
      question.after = p.value;
    } else {
      Fault fault = make_fault(400, slug::bad_parameter,
                               fmt::format("{}={} is not known here: use limit=1..{} and after=, "
                                           "which takes the \"next\" of the page before",
                                           quoted(p.name), quoted(p.value), rows_max));
      fault.field = field_name(p.name);
      return fault;
    }
  }
  return std::nullopt;
}

Fault nothing_readable(const Exchange& exchange) {
  if (exchange.grant.known) return make_fault(403, "forbidden", "this key does not allow to read");
  return make_fault(401, "unauthorized",
                    "to list topics needs a key: send Authorization: Bearer SECRET");
}

}  // namespace

void ListRoute::list(Exchange& exchange, ListQuestion::What what) {
  ListQuestion question;
  question.what = what;
  if (const auto fault = read_query(exchange, question)) return answering_.refuse(exchange, *fault);
  if (what == ListQuestion::What::topics && !exchange.grant.everything) {
    question.readable = exchange.grant.subscribe;
    if (question.readable == nullptr)
      return answering_.refuse(exchange, nothing_readable(exchange));
  }
  question.upto = host_.bus_tail();
  question.from = answering_.connections().park(exchange.connection, PendingAnswer::Shape::list,
                                                std::move(exchange.cors));
  gathers_.push_back({what, question.from, question.most, 0, workers_, {}});
  for (uint32_t worker = 0; worker < workers_; ++worker) host_.send(worker, question);
}

void ListRoute::on_reply(ListReply&& reply) {
  const auto found = std::find_if(gathers_.begin(), gathers_.end(), [&](const Gather& g) {
    return g.ref.slot == reply.to.slot && g.ref.serial == reply.to.serial;
  });
  if (found == gathers_.end()) return;
  found->total += reply.total;
  std::move(reply.rows.begin(), reply.rows.end(), std::back_inserter(found->rows));
  if (--found->left > 0) return;
  Gather gather = std::move(*found);
  gathers_.erase(found);
  Connection* const connection = answering_.connections().find(gather.ref);
  if (connection == nullptr) return;
  const std::string body = text_of(gather);
  const std::string fields = connection->pending.fields + "Cache-Control: no-store\r\n";
  HttpAnswer answer;
  answer.content_type = "application/json";
  answer.fields = fields;
  answer.body = body;
  answering_.connections().answer(*connection, answer);
  answering_.connections().resume(*connection);
}

std::string ListRoute::text_of(Gather& gather) {
  const bool topics = gather.what == ListQuestion::What::topics;
  std::sort(gather.rows.begin(), gather.rows.end(),
            [](const ListReply::Row& a, const ListReply::Row& b) { return a.name < b.name; });
  const bool more = gather.rows.size() > gather.most;
  if (more) gather.rows.resize(gather.most);
  std::string out =
      fmt::format("{{\"count\":{},\"{}\":[", gather.total, topics ? "topics" : "streams");
  for (std::size_t i = 0; i < gather.rows.size(); ++i) {
    if (i > 0) out += ',';
    out += gather.rows[i].json;
  }
  out += fmt::format("],\"more\":{}", more);
  if (more) {
    out += ",\"next\":";
    append_json_string(out, gather.rows.back().name);
  }
  return out + "}\n";
}

}  // namespace fanfare
