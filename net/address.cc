// net/address.cc: addresses to text and back; an IPv4 client behind a dual-stack socket is shown
// and counted as IPv4.
#include "net/address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace fanfare {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

// A copy, so that no storage is read through a type that it was not written by.
template <class Raw>
Raw read_as(const sockaddr_storage& storage) {
  Raw raw;
  std::memcpy(&raw, &storage, sizeof raw);
  return raw;
}

template <class Raw>
SocketAddress address_of(const Raw& raw, std::size_t bytes = sizeof(Raw)) {
  sockaddr_storage storage{};
  std::memcpy(&storage, &raw, sizeof raw);
  return SocketAddress::of(reinterpret_cast<const sockaddr*>(&storage),
                           static_cast<socklen_t>(bytes));
}

// The IPv4 address in host order: of an IPv4 socket, or mapped into IPv6 by a dual-stack one.
std::optional<uint32_t> ipv4_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) return ntohl(read_as<sockaddr_in>(storage).sin_addr.s_addr);
  if (storage.ss_family != AF_INET6) return std::nullopt;
  const auto raw = read_as<sockaddr_in6>(storage);
  if (!IN6_IS_ADDR_V4MAPPED(&raw.sin6_addr)) return std::nullopt;
  uint32_t network_order = 0;
  std::memcpy(&network_order, &raw.sin6_addr.s6_addr[12], sizeof network_order);
  return ntohl(network_order);
}

Error wrong(std::string_view text, std::string_view why) {
  return {"\"" + std::string(text) + "\" is not an address to listen on: " + std::string(why) +
          ". Right are 127.0.0.1:8080, [::1]:8080, *:8080 and unix:/run/fanfare.sock"};
}

std::optional<uint16_t> parse_port(std::string_view digits) {
  uint16_t port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, port);
  if (digits.empty() || fault != std::errc{} || stop != end) return std::nullopt;
  return port;
}

Result<SocketAddress> parse_unix(std::string_view text) {
  const std::string_view path = text.substr(unix_prefix.size());
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  if (path.empty()) return wrong(text, "the path is missing");
  if (path.find('\0') != std::string_view::npos) return wrong(text, "a path has no zero byte");
  if (path.size() >= sizeof raw.sun_path) {
    return wrong(text, "the system allows " + std::to_string(sizeof raw.sun_path - 1) +
                           " bytes for the path of a socket, this one has " +
                           std::to_string(path.size()));
  }
  std::memcpy(raw.sun_path, path.data(), path.size());
  return address_of(raw, path_offset + path.size() + 1);
}

Result<SocketAddress> parse_ipv6(std::string_view text, const std::string& host, uint16_t port) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  raw.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.c_str(), &raw.sin6_addr) != 1) {
    return wrong(text, "\"" + host + "\" is not an IPv6 address");
  }
  return address_of(raw);
}

Result<SocketAddress> parse_ipv4(std::string_view text, const std::string& host, uint16_t port) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &raw.sin_addr) == 1) return address_of(raw);
  if (host.find(':') != std::string::npos) {
    return wrong(text, "an IPv6 address stands in brackets, as in [::1]:8080");
  }
  return wrong(
      text, "\"" + host + "\" is not an IP address; names other than localhost are not looked up");
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  if (text.substr(0, unix_prefix.size()) == unix_prefix) return parse_unix(text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, "the port is missing");
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return wrong(text, "the port must be a number from 0 to 65535");
  std::string host(text.substr(0, colon));
  if (host.find('\0') != std::string::npos) return wrong(text, "an address has no zero byte");
  if (host.empty() || host == "*") return parse_ipv6(text, "::", *port);
  if (host == "localhost") return parse_ipv4(text, "127.0.0.1", *port);
  if (host.front() != '[') return parse_ipv4(text, host, *port);
  if (host.back() != ']') return wrong(text, "the bracket is not closed before the port");
  return parse_ipv6(text, host.substr(1, host.size() - 2), *port);
}

SocketAddress SocketAddress::of(const sockaddr* raw, socklen_t bytes) {
  SocketAddress address;
  address.bytes_ = std::min(bytes, raw_bytes_max);
  std::memcpy(&address.storage_, raw, address.bytes_);
  return address;
}

bool SocketAddress::is_loopback() const {
  if (const auto ipv4 = ipv4_of(storage_)) return (*ipv4 >> 24) == 127;
  if (storage_.ss_family != AF_INET6) return false;
  const auto raw = read_as<sockaddr_in6>(storage_);
  return IN6_IS_ADDR_LOOPBACK(&raw.sin6_addr);
}

bool SocketAddress::is_any() const {
  if (const auto ipv4 = ipv4_of(storage_)) return *ipv4 == INADDR_ANY;
  if (storage_.ss_family != AF_INET6) return false;
  const auto raw = read_as<sockaddr_in6>(storage_);
  return IN6_IS_ADDR_UNSPECIFIED(&raw.sin6_addr);
}

uint16_t SocketAddress::port() const {
  if (storage_.ss_family == AF_INET) return ntohs(read_as<sockaddr_in>(storage_).sin_port);
  if (storage_.ss_family == AF_INET6) return ntohs(read_as<sockaddr_in6>(storage_).sin6_port);
  return 0;
}

std::string SocketAddress::path() const {
  if (!is_unix() || bytes_ <= path_offset) return {};
  const auto raw = read_as<sockaddr_un>(storage_);
  const std::size_t room = std::min<std::size_t>(bytes_ - path_offset, sizeof raw.sun_path);
  return {raw.sun_path, strnlen(raw.sun_path, room)};
}

std::string SocketAddress::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (const auto ipv4 = ipv4_of(storage_)) {
    const in_addr network_order{htonl(*ipv4)};
    inet_ntop(AF_INET, &network_order, text.data(), text.size());
  } else if (storage_.ss_family == AF_INET6) {
    const auto raw = read_as<sockaddr_in6>(storage_);
    inet_ntop(AF_INET6, &raw.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

std::string SocketAddress::text() const {
  if (is_unix()) return std::string(unix_prefix) + path();
  const std::string name = host();
  const bool bracketed = name.find(':') != std::string::npos;
  return (bracketed ? "[" + name + "]" : name) + ":" + std::to_string(port());
}

std::string SocketAddress::url() const {
  if (is_unix()) return text();
  if (is_any()) return "http://localhost:" + std::to_string(port());
  return "http://" + text();
}

uint64_t SocketAddress::client_key() const {
  if (const auto ipv4 = ipv4_of(storage_)) return *ipv4;
  if (storage_.ss_family != AF_INET6) return 0;
  const auto raw = read_as<sockaddr_in6>(storage_);
  uint64_t network = 0;
  for (std::size_t i = 0; i < sizeof network; i++)
    network = network << 8 | raw.sin6_addr.s6_addr[i];
  return network != 0 ? network : 1;  // ::1 must not pass for a Unix socket
}

std::string SocketAddress::client_text(uint64_t key) {
  if (key == 0) return "unix";
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (key >> 32 == 0 && key != 1) {
    const in_addr network_order{htonl(static_cast<uint32_t>(key))};
    inet_ntop(AF_INET, &network_order, text.data(), text.size());
    return text.data();
  }
  in6_addr network{};
  if (key != 1) {  // 1 stands for the network of ::1
    for (unsigned i = 0; i < 8; i++) network.s6_addr[i] = static_cast<uint8_t>(key >> (56 - 8 * i));
  }
  inet_ntop(AF_INET6, &network, text.data(), text.size());
  return std::string(text.data()) + "/64";
}

const sockaddr* SocketAddress::raw() const {
  return reinterpret_cast<const sockaddr*>(&storage_);
}
sockaddr* SocketAddress::raw() {
  return reinterpret_cast<sockaddr*>(&storage_);
}

}  // namespace fanfare
