// broker/answering.cc: answers with the fields that belong to them.
#include "broker/answering.h"

#include <fmt/core.h>

#include "broker/problem.h"

namespace fanfare {
namespace {

// The slug of a refusal that only a status is known of: what the parser refuses.
std::string_view slug_of_status(unsigned status) {
  for (const ProblemKind& kind : problem_kinds()) {
    if (kind.status == status) return kind.slug;
  }
  return problem_kinds().front().slug;
}

}  // namespace

void Answering::answer(Exchange& exchange, unsigned status, std::string_view content_type,
                       std::string_view body, std::string_view fields) {
  std::string all = exchange.cors;
  all += fields;
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = content_type;
  answer.fields = all;
  answer.body = body;
  connections_.answer(exchange.connection, answer);
}

void Answering::refuse(Exchange& exchange, const Fault& fault, std::string_view fields) {
  refuse(exchange.connection, exchange.cors, fault, fields);
}

void Answering::refuse(Connection& connection, std::string_view cors, const Fault& fault,
                       std::string_view fields) {
  Fault shown = fault;
  if (shown.slug.empty()) shown.slug = slug_of_status(fault.status);
  std::string all(cors);
  all += fields;
  if (fault.status == 401) all += "WWW-Authenticate: Bearer realm=\"fanfare\"\r\n";
  if (fault.status == 429 || fault.status == 503) {
    all += fmt::format("Retry-After: {}\r\n", 1 + random_.below(3));
  }
  all += "Cache-Control: no-store\r\n";
  const std::string body = problem_json(shown) + "\n";
  HttpAnswer answer;
  answer.status = fault.status;
  answer.content_type = "application/problem+json";
  answer.fields = all;
  answer.body = body;
  connections_.answer(connection, answer);
}

void Answering::wrong_method(Exchange& exchange, std::string_view allowed) {
  Fault fault = make_fault(
      405, "method-not-allowed",
      fmt::format("{} is not for this path: use {}", exchange.request.method_text, allowed));
  refuse(exchange, fault, fmt::format("Allow: {}\r\n", allowed));
}

void Answering::refuse_stream(Exchange& exchange, const Fault& fault, uint32_t retry_ms) {
  const bool temporary = fault.status == 429 || fault.status == 503;
  if (temporary) connections_.make_last(exchange.connection);
  if (!temporary || exchange.request.field("accept") != "text/event-stream") {
    refuse(exchange, fault);
    return;
  }
  const std::string body = fmt::format(
      "retry: {}\nevent: fanfare.close\ndata: "
      "{{\"reason\":\"busy\",\"final\":false,\"retry_ms\":{}}}\n\n",
      retry_ms, retry_ms);
  answer(exchange, 200, "text/event-stream; charset=utf-8", body,
         "Cache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\n"
         "X-Content-Type-Options: nosniff\r\nVary: Accept, Origin\r\n");
}

}  // namespace fanfare
