// tests/broker/forwarded_test.cc: what a client writes into the fields of proxies is not believed.
#include "broker/forwarded.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanfare {
namespace {

std::string client_of(std::vector<HttpField> fields) {
  const std::vector<std::string> networks = {"10.0.0.0/8", "127.0.0.1"};
  HttpRequest request;
  request.fields = fields;
  const auto client = forwarded_client(request, TrustedProxies(networks));
  return client ? client->host() : "none";
}

TEST(ForwardedClient, is_the_last_address_that_no_trusted_proxy_has) {
  EXPECT_EQ(client_of({{"x-forwarded-for", "192.0.2.7"}}), "192.0.2.7");
  EXPECT_EQ(client_of({{"x-forwarded-for", "192.0.2.7, 10.1.1.1, 10.2.2.2"}}), "192.0.2.7");
  EXPECT_EQ(client_of({{"x-forwarded-for", "203.0.113.1, 192.0.2.7, 10.1.1.1"}}), "192.0.2.7");
  EXPECT_EQ(client_of({{"x-forwarded-for", "[2001:db8::7]:4711,10.1.1.1"}}), "2001:db8::7");
}

TEST(ForwardedClient, a_field_that_is_sent_twice_is_one_list) {
  EXPECT_EQ(client_of({{"x-forwarded-for", "203.0.113.1"}, {"x-forwarded-for", "192.0.2.7"}}),
            "192.0.2.7");
}

TEST(ForwardedClient, where_all_are_trusted_the_farthest_is_the_client) {
  EXPECT_EQ(client_of({{"x-forwarded-for", "10.9.9.9, 10.1.1.1"}}), "10.9.9.9");
}

TEST(ForwardedClient, what_cannot_be_read_ends_the_walk) {
  EXPECT_EQ(client_of({{"x-forwarded-for", "192.0.2.7, unknown, 10.1.1.1"}}), "10.1.1.1");
  EXPECT_EQ(client_of({{"x-forwarded-for", "unknown"}}), "none");
  EXPECT_EQ(client_of({{"x-forwarded-for", ""}}), "none");
  EXPECT_EQ(client_of({{"x-forwarded-for", "192.0.2.7,"}}), "none");
  EXPECT_EQ(client_of({}), "none");
}

TEST(ForwardedClient, the_standard_field_serves_where_there_is_no_other) {
  EXPECT_EQ(client_of({{"forwarded", "for=192.0.2.7;proto=https;by=10.1.1.1"}}), "192.0.2.7");
  EXPECT_EQ(client_of({{"forwarded", "for=203.0.113.1, For=\"[2001:db8::7]:4711\""}}),
            "2001:db8::7");
  EXPECT_EQ(client_of({{"forwarded", "proto=https"}}), "none");
  EXPECT_EQ(client_of({{"forwarded", "for=203.0.113.1"}, {"x-forwarded-for", "192.0.2.7"}}),
            "192.0.2.7");
}

TEST(ForwardedHost, is_the_first_of_a_list) {
  HttpRequest request;
  const std::vector<HttpField> fields = {{"x-forwarded-host", "events.example.com, inner:8080"},
                                         {"x-forwarded-proto", "HTTPS"}};
  request.fields = fields;
  EXPECT_EQ(forwarded_host(request), "events.example.com");
  EXPECT_EQ(forwarded_scheme(request), "https");
  request.fields = {};
  EXPECT_EQ(forwarded_host(request), "");
  EXPECT_EQ(forwarded_scheme(request), "");
}

}  // namespace
}  // namespace fanfare
