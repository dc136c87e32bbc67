// bench/suite/preset.cc: paths, bodies and fields of the servers we know.
#include "bench/suite/preset.h"

#include <array>

namespace fanfare::bench {
namespace {

constexpr std::array<std::string_view, 9> names = {
    "fanfare", "mercure", "nchan", "nchan-ws", "pushpin", "centrifugo", "plain", "redis", "nats"};

// {"mercure":{"publish":["*"]}}, signed with the key that Mercure's own documentation uses.
constexpr std::string_view mercure_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJtZXJjdXJlIjp7InB1Ymxpc2giOlsiKiJdfX0."
    "a8cjcSRUAcHdnGNMKifA4BK5epRXxQI0UBp2XpNrBdw";

std::string after_scheme(const std::string& url) {
  return url.substr(url.find("://") + 3);
}

}  // namespace

std::span<const std::string_view> preset_names() {
  return names;
}

Result<Manner> make_preset(std::string_view name, const std::string& address) {
  std::string url = address;
  while (url.ends_with('/')) url.pop_back();
  if (url.find("://") == url.npos) url = "http://" + url;
  Manner manner;
  manner.name = name;
  if (name == "fanfare") {
    manner.subscribe = url + "/topics/{topic}";
    manner.publish = url + "/topics/{topic}";
    manner.from_start = "since=earliest";
    manner.batch_path = "/events";
    manner.line = R"({"topic":"{topic}","data":"{data}"})";
  } else if (name == "mercure") {
    manner.subscribe = url + "/.well-known/mercure?topic={topic}";
    manner.publish = url + "/.well-known/mercure";
    manner.content_type = "application/x-www-form-urlencoded";
    manner.body = "topic={topic}&data={data}";
    manner.publish_headers = {"Authorization: Bearer " + std::string(mercure_token)};
  } else if (name == "nchan" || name == "nchan-ws") {
    manner.subscribe = (name == "nchan" ? url : "ws://" + after_scheme(url)) + "/sub/{topic}";
    manner.publish = url + "/pub/{topic}";
  } else if (name == "pushpin") {
    // Its publishing port is fixed by its configuration; an origin behind it holds the streams.
    manner.subscribe = url + "/stream/{topic}";
    manner.publish = url.substr(0, url.rfind(':')) + ":5561/publish/";
    manner.content_type = "application/json";
    manner.body =
        R"({"items":[{"channel":"{topic}","formats":{"http-stream":{"content":"data: {data}\n\n"}}}]})";
  } else if (name == "centrifugo") {
    manner.subscribe =
        url + "/connection/uni_sse?cf_connect=%7B%22subs%22:%7B%22{topic}%22:%7B%7D%7D%7D";
    manner.publish = url + "/api/publish";
    manner.content_type = "application/json";
    manner.body = R"({"channel":"{topic}","data":"{data}"})";
  } else if (name == "plain") {
    manner.subscribe = url + "/events/{topic}";
    manner.publish = url + "/events/{topic}";
  } else if (name == "redis" || name == "nats") {
    manner.subscribe = manner.publish = std::string(name) + "://" + after_scheme(url);
  } else {
    std::string all;
    for (const std::string_view known : names)
      all += (all.empty() ? "" : ", ") + std::string(known);
    return Error{"there is no preset '" + std::string(name) + "'; there are " + all};
  }
  return manner;
}

}  // namespace fanfare::bench
