// tests/net/proxy_protocol_test.cc: headers of both versions, whole, in pieces, and wrong.
#include "net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace fanfare {
namespace {

using Step = ProxyHeader::Step;

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

// Version and command, family and protocol, then the addresses.
std::string binary(char version_command, char family, const std::string& rest) {
  return signature + version_command + family + static_cast<char>(rest.size() >> 8) +
         static_cast<char>(rest.size() & 0xff) + rest;
}
const std::string ipv4("\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb", 12);

std::string source_of(const std::string& bytes) {
  const ProxyHeader header = read_proxy_header(bytes + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(header.step, Step::done) << header.why;
  EXPECT_EQ(header.used, bytes.size());
  return header.source ? header.source->text() : "none";
}

TEST(ProxyProtocol, version_1_names_the_client) {
  EXPECT_EQ(source_of("PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"), "192.0.2.7:4711");
  EXPECT_EQ(source_of("PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n"), "[2001:db8::7]:4711");
}

TEST(ProxyProtocol, version_2_names_the_client) {
  EXPECT_EQ(source_of(binary(0x21, 0x11, ipv4)), "192.0.2.7:4711");
  EXPECT_EQ(source_of(binary(0x21, 0x11, ipv4 + "more, such as TLVs")), "192.0.2.7:4711");
  std::string ipv6(36, '\0');
  ipv6.replace(0, 4, "\x20\x01\x0d\xb8");
  ipv6[15] = 7;
  ipv6[32] = 0x12;
  ipv6[33] = 0x67;
  EXPECT_EQ(source_of(binary(0x21, 0x21, ipv6)), "[2001:db8::7]:4711");
}

TEST(ProxyProtocol, a_proxy_that_asks_for_itself_names_nobody) {
  EXPECT_EQ(source_of("PROXY UNKNOWN\r\n"), "none");
  EXPECT_EQ(source_of("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "none");
  EXPECT_EQ(source_of(binary(0x20, 0x00, "")), "none");
  EXPECT_EQ(source_of(binary(0x20, 0x11, ipv4)), "none");   // LOCAL
  EXPECT_EQ(source_of(binary(0x21, 0x00, "abc")), "none");  // unspecified
  EXPECT_EQ(source_of(binary(0x21, 0x31, std::string(216, 'x'))), "none");
}

TEST(ProxyProtocol, every_beginning_of_a_header_asks_for_more) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"), binary(0x21, 0x11, ipv4)}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(read_proxy_header(whole.substr(0, i)).step, Step::more) << i;
    }
  }
}

TEST(ProxyProtocol, anything_else_is_refused_with_the_reason) {
  const std::string most(std::size_t{65535}, 'x');
  for (const std::string& bytes : {
           std::string("GET / HTTP/1.1\r\n\r\n"),
           std::string("PUT /topics/a HTTP/1.1\r\n\r\n"),
           std::string("\r\n\r\nGET"),
           std::string("PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n"),
           std::string("PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 x\r\n"),
           std::string("PROXY TCP4 192.0.2.7 198.51.100.1 0471 443\r\n"),
           std::string("PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n"),
           std::string("PROXY TCP4 192.0.2.7 198.51.100.1  443\r\n"),
           std::string("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"),
           std::string("PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n"),
           std::string("PROXY TCP6 [2001:db8::7] 2001:db8::1 1 2\r\n"),
           std::string("PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n"),
           std::string("PROXY UNKNOWNED\r\n"),
           std::string("PROXY \r\n"),
           "PROXY " + std::string(200, 'x'),
           "PROXY UNKNOWN " + std::string(100, 'x') + "\r\n",
           binary(0x11, 0x11, ipv4),
           binary(0x22, 0x11, ipv4),
           binary(0x21, 0x41, ipv4),
           binary(0x21, 0x11, ipv4.substr(1)),
           binary(0x21, 0x21, ipv4),
           binary(0x21, 0x11, most),
       }) {
    const ProxyHeader header = read_proxy_header(bytes);
    EXPECT_EQ(header.step, Step::refused) << bytes.substr(0, 60);
    EXPECT_FALSE(header.why.empty());
  }
}

}  // namespace
}  // namespace fanfare
