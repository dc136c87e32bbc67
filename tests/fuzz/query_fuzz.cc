// tests/fuzz/query_fuzz.cc: any bytes as the query of a subscription and its Last-Event-ID, one
// line each.
//
// What is decoded and encoded again is the same; an id that is read is written as it was meant; a
// refusal is text that can be shown.
#include <cstdint>
#include <string>

#include "broker/subscribe_request.h"
#include "core/check.h"
#include "net/json.h"

namespace {

using namespace fanfare;

constexpr Epoch epoch{0x1122334455667788};
constexpr EventNumber tail{1000};

void check_codes(std::string_view text) {
  const std::string encoded = percent_encode(text);
  const auto decoded = percent_decode(encoded);
  CHECK(decoded.has_value());
  CHECK_EQ(*decoded, std::string(text));
  std::string bad;
  const auto parameters = parse_query(text, &bad);
  if (!parameters) {
    CHECK(!bad.empty());
    return;
  }
  std::string again;
  for (const QueryParameter& p : *parameters) {
    again += "&" + percent_encode(p.name) + "=" + percent_encode(p.value);
  }
  const auto same = parse_query(again);
  CHECK(same && same->size() == parameters->size());
  for (std::size_t i = 0; i < same->size(); ++i) {
    CHECK_EQ((*same)[i].name, (*parameters)[i].name);
    CHECK_EQ((*same)[i].value, (*parameters)[i].value);
  }
}

void check_id(std::string_view text) {
  const auto id = EventId::parse(text);
  if (!id) return;
  CHECK_LE(text.size(), 40u);
  const auto again = EventId::parse(id->text());
  CHECK(again && again->epoch == id->epoch && again->number == id->number);
}

void check_opening(const OpenStream& open, std::string_view header) {
  CHECK(open.heartbeat_s >= 5 && open.heartbeat_s <= 60);
  CHECK(open.subscription != nullptr);
  CHECK(open.replay || !open.opening.forced_gap);
  CHECK(open.at.rule != StartRule::position || open.at.after <= tail);
  // An id is never passed over in silence.
  if (!header.empty()) CHECK(open.replay && open.opening.position_given);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(in.find('\n'), in.size());
  const std::string query(in.substr(0, line));
  const std::string header(in.substr(std::min(line + 1, in.size())));
  check_codes(query);
  check_id(header);
  const auto parameters = parse_query(query);
  if (!parameters) return 0;
  SubscribeRequest request;
  request.query = *parameters;
  request.last_event_id = header;
  const WallTime now{std::chrono::hours(24 * 365 * 60)};
  for (const QueryParameter& p : *parameters) {
    check_id(p.value);
    parse_since(p.value, now);
  }
  const auto open = read_subscribe(request, SubscribeLimits{}, epoch, tail, now);
  if (open) {
    check_opening(*open, header);
  } else {
    CHECK_EQ(open.fault().status, 400);
    CHECK(!open.fault().detail.empty());
    CHECK(is_valid_utf8(open.fault().detail) || !is_valid_utf8(query) ||
          query.find('%') != query.npos);
  }
  return 0;
}
