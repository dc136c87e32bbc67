// tests/net/ip_network_test.cc: networks hold what they should and nothing else; addresses are read
// as proxies write them.
#include "net/ip_network.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

SocketAddress at(std::string_view text) {
  const auto address = parse_forwarded_address(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(SocketAddress());
}

bool holds(std::string_view network, std::string_view address) {
  const auto made = IpNetwork::parse(network);
  EXPECT_TRUE(made.has_value()) << network;
  return made && made->contains(at(address));
}

TEST(IpNetwork, holds_the_addresses_that_share_its_prefix) {
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.128"));
  EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(holds("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(holds("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(holds("fd00::/8", "fdff::1"));
  EXPECT_FALSE(holds("fd00::/8", "fe00::1"));
  EXPECT_TRUE(holds("::/0", "2001:db8::1"));
}

TEST(IpNetwork, an_ipv4_client_of_a_dual_stack_socket_is_an_ipv4_client) {
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_FALSE(holds("10.0.0.0/8", "::ffff:11.1.2.3"));
}

TEST(IpNetwork, a_unix_peer_and_no_address_belong_to_none) {
  EXPECT_FALSE(IpNetwork::parse("::/0")->contains(SocketAddress()));
  EXPECT_FALSE(IpNetwork::parse("0.0.0.0/0")->contains(*SocketAddress::parse("unix:/tmp/x")));
}

TEST(IpNetwork, a_wrong_text_is_refused_with_the_reason) {
  const auto why = [](std::string_view text) {
    const auto made = IpNetwork::parse(text);
    EXPECT_FALSE(made.has_value()) << text;
    return made ? std::string() : made.error();
  };
  EXPECT_NE(why("10.1.2.3/8").find("bits beyond its length"), std::string::npos);
  EXPECT_NE(why("10.0.0.0/33").find("0 to 32"), std::string::npos);
  EXPECT_NE(why("fd00::/129").find("0 to 128"), std::string::npos);
  EXPECT_NE(why("proxy.example").find("IP address"), std::string::npos);
  for (const auto text : {"", "/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/8x", "10.0.0", "::1%lo"})
    why(text);
  why(std::string_view("10.0.0.1\0", 9));
}

TEST(TrustedProxies, trusts_any_of_its_networks) {
  const std::vector<std::string> networks = {"10.0.0.0/8", "2001:db8::/32"};
  const TrustedProxies proxies(networks);
  EXPECT_TRUE(proxies.trusts(at("10.1.2.3:80")));
  EXPECT_TRUE(proxies.trusts(at("[2001:db8::1]:80")));
  EXPECT_FALSE(proxies.trusts(at("192.0.2.1")));
  EXPECT_FALSE(TrustedProxies({}).trusts(at("127.0.0.1")));
}

TEST(ForwardedAddress, is_read_with_and_without_port) {
  EXPECT_EQ(at("192.0.2.7").text(), "192.0.2.7:0");
  EXPECT_EQ(at("192.0.2.7:4711").text(), "192.0.2.7:4711");
  EXPECT_EQ(at("2001:db8::7").text(), "[2001:db8::7]:0");
  EXPECT_EQ(at("[2001:db8::7]").text(), "[2001:db8::7]:0");
  EXPECT_EQ(at("[2001:db8::7]:4711").text(), "[2001:db8::7]:4711");
}

TEST(ForwardedAddress, anything_else_is_none) {
  for (const auto text :
       {"", "unknown", "_hidden", "192.0.2.7:", "192.0.2.7:65536", "192.0.2.7:x", "[2001:db8::7",
        "[2001:db8::7]x", "[2001:db8::7]:", "192.0.2", "a:b:c:d", "192.0.2.7 ", "300.0.0.1"})
    EXPECT_FALSE(parse_forwarded_address(text).has_value()) << text;
  EXPECT_FALSE(parse_forwarded_address(std::string(1000, '1')).has_value());
}

TEST(ClientText, shows_what_the_key_keeps_of_an_address) {
  const auto shown = [](std::string_view text) {
    return SocketAddress::client_text(at(text).client_key());
  };
  EXPECT_EQ(shown("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(shown("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(shown("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(shown("::1"), "::/64");
  EXPECT_EQ(SocketAddress::client_text(0), "unix");
}

}  // namespace
}  // namespace fanfare
