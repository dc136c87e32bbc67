// bench/suite/url_template.cc: taking addresses apart, and filling in.
#include "bench/suite/url_template.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>

namespace fanfare::bench {
namespace {

struct SchemeName {
  std::string_view prefix;
  Scheme scheme;
  uint16_t port;
};
constexpr std::array<SchemeName, 4> schemes = {{{"http://", Scheme::http, 80},
                                                {"ws://", Scheme::websocket, 80},
                                                {"redis://", Scheme::redis, 6379},
                                                {"nats://", Scheme::nats, 4222}}};

Result<UrlTemplate> parse_unix(std::string_view path) {
  UrlTemplate url;
  url.scheme = Scheme::unix_socket;
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error{"unix:PATH wants a path of at most 107 bytes"};
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  std::memcpy(&url.to.address, &address, sizeof address);
  url.to.length = sizeof address;
  return url;
}

}  // namespace

void append_expanded(std::string& out, std::string_view text, const TemplateValues& values) {
  while (true) {
    const auto open = text.find('{');
    out += text.substr(0, open);
    if (open == text.npos) return;
    text.remove_prefix(open);
    if (text.starts_with("{topic}")) {
      out += values.topic;
      text.remove_prefix(7);
    } else if (text.starts_with("{i}")) {
      out += std::to_string(values.i);
      text.remove_prefix(3);
    } else if (text.starts_with("{data}")) {
      out += values.data;
      text.remove_prefix(6);
    } else {
      out += '{';
      text.remove_prefix(1);
    }
  }
}

std::string expand(std::string_view text, const TemplateValues& values) {
  std::string out;
  append_expanded(out, text, values);
  return out;
}

Result<UrlTemplate> parse_url_template(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5));
  for (const SchemeName& known : schemes) {
    if (!text.starts_with(known.prefix)) continue;
    UrlTemplate url;
    url.scheme = known.scheme;
    const std::string_view rest = text.substr(known.prefix.size());
    const auto slash = rest.find('/');
    url.host = std::string(rest.substr(0, slash));
    url.path = slash == rest.npos ? "/" : std::string(rest.substr(slash));
    const auto colon = url.host.rfind(':');
    std::string name = url.host.substr(0, colon);
    if (name == "localhost") name = "127.0.0.1";
    uint16_t port = known.port;
    if (colon != std::string::npos) {
      const char* const end = url.host.data() + url.host.size();
      const auto [stop, error] = std::from_chars(url.host.data() + colon + 1, end, port);
      if (error != std::errc{} || stop != end || port == 0) {
        return Error{"'" + std::string(text) + "' has no port between 1 and 65535"};
      }
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, name.c_str(), &address.sin_addr) != 1) {
      return Error{"'" + name + "' is neither an IPv4 address nor localhost"};
    }
    std::memcpy(&url.to.address, &address, sizeof address);
    url.to.length = sizeof address;
    return url;
  }
  return Error{"'" + std::string(text) +
               "' is no address like http://127.0.0.1:8080/topics/{topic}; ws://, redis://, "
               "nats:// and unix:PATH are known too"};
}

}  // namespace fanfare::bench
