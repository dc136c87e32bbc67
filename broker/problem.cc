// broker/problem.cc: the table of problems, and their JSON.
#include "broker/problem.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "broker/text_rules.h"
#include "net/json_escape.h"

namespace fanfare {
namespace {

constexpr auto kinds = std::to_array<ProblemKind>({
    {"bad-request", 400, "The request is malformed",
     "Its detail names the place. Compare it with docs/PROTOCOL.md."},
    {"bad-topic", 400, "This is not a topic name",
     "A topic is 1 to 255 bytes of UTF-8 without control characters; no segment is '.', '..', '*' "
     "or '**'."},
    {"bad-pattern", 400, "This is not a pattern",
     "'*' stands for one whole segment; '**' for one or more, as the last segment."},
    {"reserved-topic", 403, "Names that begin with $ are the broker's own",
     "Choose a name without a leading $."},
    {"too-many-topics", 400, "Too many topics",
     "Read fewer topics with one stream, or use a pattern."},
    {"bad-json", 400, "The body is not the JSON that is expected here",
     "The detail names the line or the place."},
    {"bad-member", 400, "A member of an event is missing, unknown or wrong",
     "The detail names the member."},
    {"bad-text", 400, "The data is not text",
     "Text is UTF-8 without NUL. Send bytes as application/octet-stream."},
    {"bad-parameter", 400, "A query parameter is unknown or wrong",
     "The detail names it and what it may be."},
    {"bad-header", 400, "A header field is wrong", "The detail names it."},
    {"empty-batch", 400, "The batch holds no event", "Send at least one event."},
    {"unauthorized", 401, "A key is needed, or the one given is not known",
     "Send Authorization: Bearer SECRET."},
    {"forbidden", 403, "This is not allowed", "The detail names what the key does not cover."},
    {"wrong-origin", 403, "Pages of this origin may not write here",
     "Allow the origin with --cors-origin."},
    {"not-found", 404, "There is nothing here", "Topics are at /topics/NAME, several at /events."},
    {"stream-gone", 404, "This stream is not open (any more)",
     "Its reader has left; a new stream has a new id."},
    {"method-not-allowed", 405, "This method is not for this path",
     "The Allow field names those that are."},
    {"not-acceptable", 406, "No format that is asked for can be given",
     "Accept text/event-stream, application/x-ndjson or application/vnd.fanfare.frames."},
    {"timeout", 408, "The request took too long to arrive",
     "Send the head and the body without long pauses."},
    {"key-in-progress", 409, "A publish with this idempotency key is under way",
     "Ask again a little later."},
    {"too-large", 413, "Too large", "Send less at once; the limits are settings of the broker."},
    {"uri-too-long", 414, "The request target is too long",
     "Ask for fewer topics, or use a pattern."},
    {"unsupported-type", 415, "This content type is not taken here",
     "The detail names those that are."},
    {"wrong-host", 421, "This broker does not answer to this name",
     "Use localhost, or allow the name with --host."},
    {"key-conflict", 422, "This idempotency key was used for another body",
     "Use a new key for a new event."},
    {"too-many-requests", 429, "Too many", "Wait as long as Retry-After says."},
    {"head-too-large", 431, "The head of the request is too large",
     "Send fewer or shorter header fields."},
    {"not-implemented", 501, "This is not served", "The detail names it."},
    {"readers-behind", 503, "The readers cannot be reached fast enough",
     "Wait as long as Retry-After says, and publish again."},
    {"bus-full", 503, "The bus is full", "Wait as long as Retry-After says, and publish again."},
    {"busy", 503, "The broker takes no more streams now", "Wait as long as Retry-After says."},
    {"draining", 503, "The broker is shutting down", "Connect again after Retry-After."},
});

}  // namespace

std::span<const ProblemKind> problem_kinds() {
  return kinds;
}

const ProblemKind& problem_kind(std::string_view slug) {
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const ProblemKind& k) { return k.slug == slug; });
  return found == kinds.end() ? kinds[0] : *found;
}

Fault make_fault(uint16_t status, std::string_view slug, std::string detail) {
  Fault fault;
  fault.status = status;
  fault.slug = slug;
  fault.detail = std::move(detail);
  return fault;
}

std::string problem_json(const Fault& fault) {
  std::string out = fmt::format(R"({{"type":"/problems/{}","title":)", fault.slug);
  append_json_string(out, problem_kind(fault.slug).title);
  out += fmt::format(R"(,"status":{},"detail":)", fault.status);
  append_json_string(out, valid_text(fault.detail));  // it may show what a peer sent
  if (fault.line) out += fmt::format(R"(,"line":{})", *fault.line);
  if (fault.index) out += fmt::format(R"(,"index":{})", *fault.index);
  if (!fault.field.empty()) {
    out += R"(,"field":)";
    append_json_string(out, valid_text(fault.field));
  }
  out += '}';
  return out;
}

}  // namespace fanfare
