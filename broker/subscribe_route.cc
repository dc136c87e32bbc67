// broker/subscribe_route.cc: what is asked for, whether it may be, and the opening.
#include "broker/subscribe_route.h"

#include <array>

#include <fmt/core.h>

#include "broker/problem.h"

namespace fanfare {
namespace {

struct Offer {
  std::string_view media;
  SubscribeRoute::Form form;
};
using Form = SubscribeRoute::Form;
constexpr auto offers = std::to_array<Offer>({
    {"text/event-stream", Form::sse},
    {"application/x-ndjson", Form::ndjson},
    {"application/ndjson", Form::ndjson},
    {"application/jsonl", Form::ndjson},
    {"application/vnd.fanfare.frames", Form::frames},
    {"text/html", Form::page},  // the last: only where pages are offered
});

Encoding encoding_of(Form form) {
  if (form == Form::ndjson) return Encoding::ndjson;
  return form == Form::frames ? Encoding::frames : Encoding::sse;
}

}  // namespace

std::optional<Form> SubscribeRoute::form_of(const HttpRequest& request, Page page) {
  std::array<std::string_view, offers.size()> media;
  for (std::size_t i = 0; i < offers.size(); ++i) media[i] = offers[i].media;
  const std::size_t count = offers.size() - (page == Page::offered ? 0 : 1);
  const auto chosen = choose_media(request.field("accept"), std::span(media).first(count));
  if (!chosen) return std::nullopt;
  return offers[*chosen].form;
}

uint32_t SubscribeRoute::jittered_retry_ms(const Settings& settings) {
  const auto base = static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(settings.retry).count());
  return base + static_cast<uint32_t>(random_.below(base / 2 + 1));
}

// 15 minutes, unless set, but not on loopback; spread by a fifth so that streams do not all end
// together.
Duration SubscribeRoute::age_max_of(const Exchange& exchange) {
  const bool near = exchange.connection.door.door != Door::network;
  const Duration age = exchange.live.settings.max_stream_age.value_or(
      near ? Duration{} : Duration(std::chrono::minutes(15)));
  if (age <= Duration{}) return {};
  const auto fifth = std::chrono::duration_cast<std::chrono::milliseconds>(age / 5).count();
  return age - age / 5 +
         std::chrono::milliseconds(random_.below(static_cast<uint32_t>(2 * fifth + 1)));
}

void SubscribeRoute::subscribe(Exchange& exchange, std::optional<std::string_view> path_topic,
                               Form form) {
  const HttpRequest& request = exchange.request;
  const Settings& settings = exchange.live.settings;
  SubscribeRequest wanted;
  if (path_topic) wanted.path_topics = std::span(&*path_topic, 1);
  wanted.query = exchange.query;
  wanted.last_event_id = request.field("last-event-id");
  wanted.encoding = encoding_of(form);
  wanted.framing = request.minor >= 1 ? Framing::chunked : Framing::plain;
  const auto heartbeat_s =
      std::chrono::duration_cast<std::chrono::seconds>(settings.heartbeat).count();
  const SubscribeLimits limits{settings.topics_per_stream_max, static_cast<uint8_t>(heartbeat_s)};
  // The tail as of now: what is answered to a publisher after this is live for the stream.
  Verdict<OpenStream> read =
      read_subscribe(wanted, limits, epoch_, host_.bus_tail(), host_.wall_now());
  if (!read) {
    answering_.refuse(exchange, read.fault());
    return;
  }
  OpenStream& open = *read;
  if (const auto fault = exchange.grant.refuse_subscribe(*open.subscription)) {
    answering_.refuse(exchange, *fault);
    return;
  }
  if (request.method == Method::head) {
    answer_head(exchange, open);
    return;
  }
  if (const auto fault = host_.refuse_stream(exchange, open)) {
    answering_.refuse_stream(exchange, *fault, jittered_retry_ms(settings));
    return;
  }
  open.http_minor = request.minor;
  open.head_fields = exchange.cors;
  open.client = exchange.connection.client;
  open.unix_peer = exchange.connection.door.door == Door::unix_socket;
  open.age_max = age_max_of(exchange);
  host_.open_stream(exchange.connection, std::move(open));
}

void SubscribeRoute::answer_head(Exchange& exchange, const OpenStream& open) {
  const std::string fields = fmt::format(
      "Cache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: "
      "nosniff\r\n"
      "Vary: Accept, Origin\r\nFanfare-Last-Event-ID: {}\r\n",
      EventId{epoch_, host_.bus_tail()}.text());
  answering_.answer(exchange, 200, open.format.content_type(), {}, fields);
}

}  // namespace fanfare
