// net/proxy_protocol.cc: version 1 is a line of text, version 2 a signature, four bytes and
// addresses.
#include "net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/ip_network.h"

namespace fanfare {
namespace {

using Step = ProxyHeader::Step;

constexpr std::string_view line_start = "PROXY ";
constexpr std::size_t line_bytes_max = 107;  // with CR LF, as the specification counts them
constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t fixed_bytes = 16;
constexpr std::size_t ipv4_bytes = 12, ipv6_bytes = 36;  // two addresses and two ports

ProxyHeader refused(std::string_view why) {
  return {Step::refused, 0, {}, why};
}

bool is_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool padded = text.size() > 1 && text[0] == '0';
  return fault == std::errc{} && end == text.data() + text.size() && !text.empty() && !padded;
}

// "TCP4 192.0.2.7 198.51.100.1 4711 443"
ProxyHeader read_line(std::string_view line, std::size_t used) {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return {Step::done, used, {}, {}};
  std::array<std::string_view, 5> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool last = i + 1 == words.size();
    const std::size_t end = last ? line.size() : line.find(' ');
    if (end == line.npos) return refused("its line has too few words");
    words[i] = line.substr(0, end);
    line.remove_prefix(last ? end : end + 1);
  }
  const bool ipv6 = words[0] == "TCP6";
  if (!ipv6 && words[0] != "TCP4") return refused("its family is none of TCP4, TCP6, UNKNOWN");
  if (!is_port(words[3]) || !is_port(words[4])) return refused("its ports are not numbers");
  const auto bare = [&](std::string_view text) {
    return (text.find(':') != text.npos) == ipv6 && text.find('[') == text.npos;
  };
  if (!bare(words[1]) || !bare(words[2])) return refused("its addresses are of another family");
  const std::string port(words[3]);
  const std::string host =
      ipv6 ? "[" + std::string(words[1]) + "]:" + port : std::string(words[1]) + ":" + port;
  const auto source = parse_forwarded_address(host);
  if (!source || !parse_forwarded_address(words[2])) return refused("its addresses are none");
  return {Step::done, used, source, {}};
}

ProxyHeader read_text(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, line_bytes_max).find("\r\n");
  if (end != bytes.npos) {
    return read_line(bytes.substr(line_start.size(), end - line_start.size()), end + 2);
  }
  if (bytes.size() >= line_bytes_max) return refused("its line does not end within 107 bytes");
  return {};
}

uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

SocketAddress ipv4_source(std::string_view addresses) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  std::memcpy(&raw.sin_addr, addresses.data(), 4);
  std::memcpy(&raw.sin_port, addresses.data() + 8, 2);
  return SocketAddress::of(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

SocketAddress ipv6_source(std::string_view addresses) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  std::memcpy(&raw.sin6_addr, addresses.data(), 16);
  std::memcpy(&raw.sin6_port, addresses.data() + 32, 2);
  return SocketAddress::of(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

ProxyHeader read_binary(std::string_view bytes) {
  if (bytes.size() < fixed_bytes) return {};
  const uint8_t version = byte_at(bytes, 12) >> 4, command = byte_at(bytes, 12) & 0xf;
  if (version != 2) return refused("its version is not 2");
  if (command > 1) return refused("its command is neither LOCAL nor PROXY");
  const std::size_t length = std::size_t{byte_at(bytes, 14)} << 8 | byte_at(bytes, 15);
  if (length > proxy_header_bytes_max) return refused("it is longer than 4096 bytes");
  if (bytes.size() < fixed_bytes + length) return {};
  ProxyHeader header{Step::done, fixed_bytes + length, {}, {}};
  if (command == 0) return header;  // LOCAL: the proxy asks for itself
  const std::string_view addresses = bytes.substr(fixed_bytes, length);
  const uint8_t family = byte_at(bytes, 13) >> 4;
  if (family == 1) {
    if (length < ipv4_bytes) return refused("it is too short for IPv4 addresses");
    header.source = ipv4_source(addresses);
  } else if (family == 2) {
    if (length < ipv6_bytes) return refused("it is too short for IPv6 addresses");
    header.source = ipv6_source(addresses);
  } else if (family > 3) {
    return refused("its address family is not known");
  }
  return header;  // unspecified or a Unix socket: no address to tell
}

bool begins(std::string_view bytes, std::string_view with) {
  const std::size_t both = std::min(bytes.size(), with.size());
  return bytes.substr(0, both) == with.substr(0, both);
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  if (begins(bytes, signature)) return read_binary(bytes);
  if (!begins(bytes, line_start)) return refused("the connection begins with something else");
  return bytes.size() < line_start.size() ? ProxyHeader{} : read_text(bytes);
}

}  // namespace fanfare
