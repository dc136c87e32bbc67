// app/broker_address.h: where a client finds a broker: a host and port, or a Unix socket.
//
// A value; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace fanfare {

struct BrokerAddress {
  std::string host;         // without brackets; empty for a Unix socket
  std::string port;         // "8080"
  std::string socket_path;  // empty for TCP
  std::string path;         // of the URL, percent-encoded, without a '/' at its end: "" or "/sse"

  bool is_unix() const { return !socket_path.empty(); }
  std::string host_field() const;  // for the field Host: "127.0.0.1:8080", "[::1]:8080"
  std::string text() const;        // for people: the URL
};

// "http://host[:port][/path]" or "unix:/path". An error says what is wrong and shows a right one.
Result<BrokerAddress> parse_broker_url(std::string_view url);
// Of --url and --socket: the socket, if there is one.
Result<BrokerAddress> broker_address(std::string_view url, std::string_view socket);

}  // namespace fanfare
