// tests/net/address_test.cc: addresses as people write them, as the kernel gives them, and as
// limits count them.
#include "net/address.h"

#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace fanfare {
namespace {

SocketAddress parsed(std::string_view text) {
  auto address = SocketAddress::parse(text);
  EXPECT_TRUE(address) << text << ": " << address.error();
  return address ? *address : SocketAddress();
}

std::string error_of(std::string_view text) {
  const auto address = SocketAddress::parse(text);
  EXPECT_FALSE(address) << text;
  return address.error();
}

SocketAddress ipv6_peer(const char* host) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  raw.sin6_port = htons(4000);
  EXPECT_EQ(inet_pton(AF_INET6, host, &raw.sin6_addr), 1);
  return SocketAddress::of(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

TEST(SocketAddress, reads_what_its_text_says) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:0", "0.0.0.0:80", "[::]:8080",
                           "[2001:db8::7]:443", "unix:/run/fanfare.sock", "unix:relative.sock"}) {
    EXPECT_EQ(parsed(text).text(), text);
  }
}

TEST(SocketAddress, short_forms_mean_loopback_or_everything) {
  EXPECT_EQ(parsed("localhost:8080").text(), "127.0.0.1:8080");
  EXPECT_EQ(parsed("*:8080").text(), "[::]:8080");
  EXPECT_EQ(parsed(":8080").text(), "[::]:8080");
}

TEST(SocketAddress, an_error_names_the_text_the_fault_and_a_right_address) {
  EXPECT_NE(error_of("8080").find("\"8080\""), std::string::npos);
  EXPECT_NE(error_of("8080").find("port is missing"), std::string::npos);
  EXPECT_NE(error_of("8080").find("127.0.0.1:8080"), std::string::npos);
  EXPECT_NE(error_of("::1:8080").find("in brackets"), std::string::npos);
  EXPECT_NE(error_of("[::1:8080").find("not closed"), std::string::npos);
  EXPECT_NE(error_of("example.org:80").find("not looked up"), std::string::npos);
  EXPECT_NE(error_of("unix:").find("path is missing"), std::string::npos);
}

TEST(SocketAddress, ports_are_numbers_that_fit) {
  for (const char* text : {"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 80",
                           "127.0.0.1:80x", "127.0.0.1:+80", "127.0.0.1:0x50"}) {
    EXPECT_NE(error_of(text).find("0 to 65535"), std::string::npos) << text;
  }
  EXPECT_EQ(parsed("127.0.0.1:65535").port(), 65535);
}

TEST(SocketAddress, wrong_hosts_are_refused) {
  for (const char* text : {"127.0.0:80", "127.0.0.1.5:80", "[127.0.0.1]:80", "[]:80", "[::1]x:80",
                           "[:80", "[::g]:80", "http://127.0.0.1:80", ""}) {
    error_of(text);
  }
}

TEST(SocketAddress, a_unix_path_must_fit_the_system) {
  EXPECT_EQ(parsed("unix:" + std::string(107, 'x')).path().size(), 107U);
  EXPECT_NE(error_of("unix:" + std::string(108, 'x')).find("107 bytes"), std::string::npos);
  EXPECT_NE(error_of(std::string_view("unix:/a\0b", 9)).find("zero byte"), std::string::npos);
}

TEST(SocketAddress, knows_loopback_and_everything) {
  EXPECT_TRUE(parsed("127.9.9.9:1").is_loopback());
  EXPECT_TRUE(parsed("[::1]:1").is_loopback());
  EXPECT_TRUE(ipv6_peer("::ffff:127.0.0.1").is_loopback());
  EXPECT_FALSE(parsed("128.0.0.1:1").is_loopback());
  EXPECT_FALSE(parsed("unix:/x").is_loopback());
  EXPECT_TRUE(parsed(":1").is_any());
  EXPECT_TRUE(parsed("0.0.0.0:1").is_any());
  EXPECT_FALSE(parsed("[::1]:1").is_any());
  EXPECT_FALSE(SocketAddress().is_any());
}

TEST(SocketAddress, a_url_can_be_opened) {
  EXPECT_EQ(parsed("127.0.0.1:8080").url(), "http://127.0.0.1:8080");
  EXPECT_EQ(parsed("[::1]:8080").url(), "http://[::1]:8080");
  EXPECT_EQ(parsed("*:8080").url(), "http://localhost:8080");
  EXPECT_EQ(parsed("0.0.0.0:8080").url(), "http://localhost:8080");
  EXPECT_EQ(parsed("unix:/run/x").url(), "unix:/run/x");
}

TEST(SocketAddress, a_client_is_its_ipv4_address_or_its_ipv6_network) {
  const uint64_t ipv4 = parsed("10.1.2.3:5").client_key();
  EXPECT_EQ(ipv4, 0x0a010203U);
  EXPECT_EQ(parsed("10.1.2.3:6").client_key(), ipv4);
  EXPECT_EQ(ipv6_peer("::ffff:10.1.2.3").client_key(), ipv4);
  EXPECT_EQ(ipv6_peer("2001:db8:1:2::3").client_key(), 0x20010db800010002U);
  EXPECT_EQ(ipv6_peer("2001:db8:1:2:ffff::").client_key(), 0x20010db800010002U);
  EXPECT_NE(ipv6_peer("::1").client_key(), 0U);
  EXPECT_EQ(parsed("unix:/x").client_key(), 0U);
}

TEST(SocketAddress, a_mapped_client_is_shown_as_ipv4) {
  EXPECT_EQ(ipv6_peer("::ffff:192.0.2.1").host(), "192.0.2.1");
  EXPECT_EQ(ipv6_peer("::ffff:192.0.2.1").text(), "192.0.2.1:4000");
}

TEST(SocketAddress, a_unix_peer_without_a_name_has_an_empty_path) {
  const sa_family_t family = AF_UNIX;
  sockaddr_storage raw{};
  std::memcpy(&raw, &family, sizeof family);
  const auto peer = SocketAddress::of(reinterpret_cast<const sockaddr*>(&raw), sizeof family);
  EXPECT_TRUE(peer.is_unix());
  EXPECT_EQ(peer.path(), "");
  EXPECT_EQ(peer.host(), "");
}

}  // namespace
}  // namespace fanfare
