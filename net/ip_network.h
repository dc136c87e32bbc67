// net/ip_network.h: which addresses belong to a network, and addresses as proxies write them.
//
// Values and pure functions; any thread. An IPv4 address mapped into IPv6 counts as IPv4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "net/address.h"

namespace fanfare {

class IpNetwork {
 public:
  // "10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1". Bits beyond the prefix must be 0: whoever writes
  // 10.1.2.3/8 may have meant another length.
  static Result<IpNetwork> parse(std::string_view text);

  bool contains(const SocketAddress& address) const;

 private:
  std::array<uint8_t, 16> address_{};  // IPv4 as ::ffff:a.b.c.d
  unsigned prefix_bits_ = 0;
};

// The proxies that are believed when they say who the client is.
class TrustedProxies {
 public:
  // The texts must have passed IpNetwork::parse.
  explicit TrustedProxies(std::span<const std::string> networks);
  bool trusts(const SocketAddress& address) const;

 private:
  std::vector<IpNetwork> networks_;
};

// An address as X-Forwarded-For and Forwarded write it: 192.0.2.7, 192.0.2.7:4711, 2001:db8::7,
// [2001:db8::7], [2001:db8::7]:4711. Nothing for anything else, as for "unknown".
std::optional<SocketAddress> parse_forwarded_address(std::string_view text);

}  // namespace fanfare
