// bench/suite/url_template.h: addresses with {topic} and {i} in them, and what they become.
//
// Values.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace fanfare::bench {

// Every {topic} and {i} (the stream's or publisher's index) and {data} replaced.
struct TemplateValues {
  std::string_view topic;
  uint64_t i = 0;
  std::string_view data;
};
std::string expand(std::string_view text, const TemplateValues& values);
void append_expanded(std::string& out, std::string_view text, const TemplateValues& values);

struct SocketTarget {
  sockaddr_storage address{};
  socklen_t length = 0;
  int family() const { return address.ss_family; }
};

enum class Scheme : uint8_t { http, websocket, unix_socket, redis, nats };

struct UrlTemplate {
  Scheme scheme = Scheme::http;
  SocketTarget to;
  std::string host;  // "127.0.0.1:8080", for the Host field
  std::string path;  // with its braces; begins with /
};

// http://, ws://, redis://, nats:// with a numeric IPv4 address or localhost, and unix:/path.
Result<UrlTemplate> parse_url_template(std::string_view text);

}  // namespace fanfare::bench
