// net/ip_network.cc: everything is compared as 128 bits.
#include "net/ip_network.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace fanfare {
namespace {

using Bits = std::array<uint8_t, 16>;
constexpr unsigned ipv4_prefix_bits = 96;
constexpr std::size_t address_text_bytes_max = INET6_ADDRSTRLEN;

Bits mapped(const in_addr& ipv4) {
  Bits bits{};
  bits[10] = bits[11] = 0xff;
  std::memcpy(&bits[12], &ipv4, 4);
  return bits;
}

std::optional<Bits> bits_of(const SocketAddress& address) {
  const sockaddr* const raw = address.raw();
  if (raw->sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, raw, sizeof ipv4);
    return mapped(ipv4.sin_addr);
  }
  if (raw->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 ipv6;
  std::memcpy(&ipv6, raw, sizeof ipv6);
  Bits bits;
  std::memcpy(bits.data(), &ipv6.sin6_addr, bits.size());
  return bits;
}

bool bit(const Bits& bits, unsigned at) {
  return (bits[at / 8] >> (7 - at % 8) & 1) != 0;
}

Error no_network(std::string_view text, std::string_view why) {
  return {"'" + std::string(text) + "' is not a network: " + std::string(why) +
          ". Right are 10.0.0.0/8, 192.0.2.7, fd00::/8 and ::1"};
}

std::optional<unsigned> parse_number(std::string_view digits, unsigned most) {
  unsigned number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || fault != std::errc{} || stop != end || number > most) return std::nullopt;
  return number;
}

template <class Raw>
SocketAddress address_of(const Raw& raw) {
  sockaddr_storage storage{};
  std::memcpy(&storage, &raw, sizeof raw);
  return SocketAddress::of(reinterpret_cast<const sockaddr*>(&storage), sizeof raw);
}

// Without a port, brackets or a zone.
std::optional<SocketAddress> parse_address(std::string_view text, uint16_t port = 0) {
  // inet_pton wants an end, and would stop at a zero byte that is no end.
  if (text.size() >= address_text_bytes_max || text.find('\0') != text.npos) return std::nullopt;
  const std::string ended(text);
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = htons(port);
  if (inet_pton(AF_INET, ended.c_str(), &ipv4.sin_addr) == 1) return address_of(ipv4);
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, ended.c_str(), &ipv6.sin6_addr) == 1) return address_of(ipv6);
  return std::nullopt;
}

}  // namespace

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return no_network(text, "it does not begin with an IP address");
  IpNetwork network;
  network.address_ = *bits_of(*address);
  network.prefix_bits_ = 128;
  if (slash == text.size()) return network;
  const bool ipv4 = address->raw()->sa_family == AF_INET;
  const auto length = parse_number(text.substr(slash + 1), ipv4 ? 32 : 128);
  if (!length) {
    return no_network(text, ipv4 ? "its length is 0 to 32 bits" : "its length is 0 to 128 bits");
  }
  network.prefix_bits_ = *length + (ipv4 ? ipv4_prefix_bits : 0);
  for (unsigned i = network.prefix_bits_; i < 128; ++i) {
    if (bit(network.address_, i)) return no_network(text, "bits beyond its length are set");
  }
  return network;
}

bool IpNetwork::contains(const SocketAddress& address) const {
  const auto bits = bits_of(address);
  if (!bits) return false;
  for (unsigned i = 0; i < prefix_bits_; ++i) {
    if (bit(*bits, i) != bit(address_, i)) return false;
  }
  return true;
}

TrustedProxies::TrustedProxies(std::span<const std::string> networks) {
  for (const std::string& text : networks) {
    if (auto network = IpNetwork::parse(text)) networks_.push_back(*network);
  }
}

bool TrustedProxies::trusts(const SocketAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const IpNetwork& network) { return network.contains(address); });
}

std::optional<SocketAddress> parse_forwarded_address(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return std::nullopt;
    const std::string_view host = text.substr(1, end - 1), rest = text.substr(end + 1);
    if (rest.empty()) return parse_address(host);
    const auto port = rest.front() == ':' ? parse_number(rest.substr(1), 65535) : std::nullopt;
    return port ? parse_address(host, static_cast<uint16_t>(*port)) : std::nullopt;
  }
  const std::size_t colon = text.find(':');
  if (colon == text.npos || text.find(':', colon + 1) != text.npos) return parse_address(text);
  const auto port = parse_number(text.substr(colon + 1), 65535);
  return port ? parse_address(text.substr(0, colon), static_cast<uint16_t>(*port)) : std::nullopt;
}

}  // namespace fanfare
