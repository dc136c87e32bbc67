// net/address.h: where a socket listens or comes from: IPv4, IPv6 or the path of a Unix socket.
//
// A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "core/result.h"

namespace fanfare {

class SocketAddress {
 public:
  SocketAddress() = default;

  // "127.0.0.1:8080", "[::1]:0", "localhost:8080" (127.0.0.1), "*:8080" and ":8080" (all of IPv4
  // and IPv6: [::]), "unix:/run/fanfare.sock". An error names the text and shows a right one.
  static Result<SocketAddress> parse(std::string_view text);
  static SocketAddress of(const sockaddr* raw, socklen_t bytes);

  bool is_unix() const { return storage_.ss_family == AF_UNIX; }
  bool is_loopback() const;  // 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104
  bool is_any() const;       // 0.0.0.0 or ::
  uint16_t port() const;     // 0 for Unix
  std::string path() const;  // of a Unix socket
  std::string host() const;  // "127.0.0.1", "::1"
  std::string text() const;  // as parse() reads it
  // "http://127.0.0.1:8080", with localhost for an address that means all; "unix:/path".
  std::string url() const;

  // For limits by client: an IPv4 address, or the first 64 bits of an IPv6 one. 0 for Unix.
  uint64_t client_key() const;
  // A client's key for people: "192.0.2.7", "2001:db8:1:2::/64", "unix".
  static std::string client_text(uint64_t key);

  const sockaddr* raw() const;
  sockaddr* raw();
  socklen_t raw_bytes() const { return bytes_; }
  void set_raw_bytes(socklen_t bytes) { bytes_ = bytes; }
  static constexpr socklen_t raw_bytes_max = sizeof(sockaddr_storage);

 private:
  sockaddr_storage storage_{};
  socklen_t bytes_ = 0;
};

}  // namespace fanfare
