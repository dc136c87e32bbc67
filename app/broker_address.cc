// app/broker_address.cc: the few forms of URL that a command line client takes.
#include "app/broker_address.h"

#include <sys/un.h>

#include <fmt/core.h>

#include <algorithm>

namespace fanfare {
namespace {

constexpr std::size_t socket_path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;

Error wrong(std::string_view url, std::string_view what) {
  return Error{
      fmt::format("'{}' {}. A broker is named like http://127.0.0.1:8080 or unix:/run/fanfare.sock",
                  url, what)};
}

bool is_port(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= 5 &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return false;
  const int port = std::stoi(std::string(text));
  return port > 0 && port <= 65'535;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

Result<BrokerAddress> unix_address(std::string_view url, std::string_view path) {
  if (path.empty()) return wrong(url, "names no path");
  if (path.size() > socket_path_bytes_max || path.find('\0') != std::string_view::npos) {
    return wrong(url, fmt::format("is no path of a socket: at most {} bytes, without NUL",
                                  socket_path_bytes_max));
  }
  BrokerAddress address;
  address.socket_path = path;
  return address;
}

// "host", "host:port", "[::1]:port".
Result<BrokerAddress> tcp_address(std::string_view url, std::string_view authority) {
  BrokerAddress address;
  std::string_view port = "80";
  std::size_t host_end = authority.rfind(':');
  if (authority.starts_with("[")) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return wrong(url, "has '[' without ']'");
    address.host = authority.substr(1, bracket - 1);
    host_end = bracket + 1 < authority.size() ? bracket + 1 : std::string_view::npos;
    if (host_end != std::string_view::npos && authority[host_end] != ':') {
      return wrong(url, "has something between ']' and the port");
    }
  } else {
    address.host = authority.substr(0, host_end);
    if (address.host.find(':') != std::string::npos) {
      return wrong(url, "has an IPv6 address without brackets: write [::1]:8080");
    }
  }
  if (host_end != std::string_view::npos) port = authority.substr(host_end + 1);
  if (address.host.empty()) return wrong(url, "names no host");
  if (!is_port(port)) return wrong(url, fmt::format("has '{}' for a port", port));
  address.port = port;
  return address;
}

}  // namespace

std::string BrokerAddress::host_field() const {
  if (is_unix()) return "localhost";
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string BrokerAddress::text() const {
  return is_unix() ? "unix:" + socket_path : "http://" + host_field() + path;
}

Result<BrokerAddress> parse_broker_url(std::string_view url) {
  if (url.starts_with("unix:")) return unix_address(url, url.substr(5));
  if (url.starts_with("https:"))
    return wrong(url, "asks for TLS, which this client does not speak");
  if (!url.starts_with("http://")) return wrong(url, "does not begin with http:// or unix:");
  if (!is_printable(url)) {
    return wrong(url, "has white space, control or non-ASCII characters: percent-encode them");
  }
  const std::string_view rest = url.substr(7);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (rest.find_first_of("?#") != std::string_view::npos) return wrong(url, "has a query or a '#'");
  if (rest.substr(0, slash).find('@') != std::string_view::npos) {
    return wrong(url, "has a user in it; a secret goes into a file: --key FILE");
  }
  auto address = tcp_address(url, rest.substr(0, slash));
  if (!address) return address;
  std::string_view path = rest.substr(slash);
  while (path.ends_with("/")) path.remove_suffix(1);
  address->path = path;
  return address;
}

Result<BrokerAddress> broker_address(std::string_view url, std::string_view socket) {
  if (socket.empty()) return parse_broker_url(url);
  if (socket.starts_with("unix:")) socket.remove_prefix(5);
  return unix_address(socket, socket);
}

}  // namespace fanfare
