// tests/bench/dialect_test.cc: what is said to servers, and how their answers are read.
#include "bench/suite/dialect.h"

#include <gtest/gtest.h>

#include "bench/suite/http_dialect.h"
#include "bench/suite/preset.h"

namespace fanfare::bench {
namespace {

TEST(UrlTemplate, names_in_braces_are_replaced_and_other_braces_stay) {
  EXPECT_EQ(expand("/a/{topic}/{i}?q={\"x\":{topic}}", {"t", 7, ""}), "/a/t/7?q={\"x\":t}");
  EXPECT_EQ(expand("{data}{data}", {"", 0, "d"}), "dd");
  EXPECT_EQ(expand("no braces", {"t", 7, "d"}), "no braces");
}

TEST(UrlTemplate, an_address_is_taken_apart) {
  const auto url = parse_url_template("http://localhost:8090/sub/{topic}");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "localhost:8090");
  EXPECT_EQ(url->path, "/sub/{topic}");
  EXPECT_EQ(url->to.family(), AF_INET);
  EXPECT_EQ(parse_url_template("ws://127.0.0.1/x")->scheme, Scheme::websocket);
  EXPECT_EQ(parse_url_template("unix:/run/s")->scheme, Scheme::unix_socket);
}

TEST(UrlTemplate, what_is_no_address_is_refused_in_words) {
  EXPECT_NE(parse_url_template("ftp://127.0.0.1/").error().find("http://"), std::string::npos);
  EXPECT_FALSE(parse_url_template("http://127.0.0.1:99999/"));
  EXPECT_FALSE(parse_url_template("http://some.where/"));
}

TEST(HttpDialect, a_stream_is_asked_for_with_what_it_has_seen) {
  auto manner = make_preset("fanfare", "http://127.0.0.1:8080");
  ASSERT_TRUE(manner);
  const auto dialect = make_subscribe_dialect(*manner);
  ASSERT_TRUE(dialect);
  const std::string request = (*dialect)->request({"chat", 4, "ab-7", false});
  EXPECT_TRUE(request.starts_with("GET /topics/chat HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"));
  EXPECT_NE(request.find("Last-Event-ID: ab-7\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n"));
  EXPECT_TRUE((*dialect)->request({"c", 4, "", true}).starts_with("GET /topics/c?since=earliest "));
}

TEST(HttpDialect, an_opening_is_read_when_it_is_whole) {
  auto manner = make_preset("plain", "http://127.0.0.1:8080");
  ASSERT_TRUE(manner);
  const auto dialect = make_subscribe_dialect(*manner);
  const std::string head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  for (std::size_t n = 0; n < head.size(); ++n) {
    EXPECT_EQ((*dialect)->read_opening(head.substr(0, n)).state, Opening::State::more);
  }
  const Opening opening = (*dialect)->read_opening(head + "5\r\n");
  EXPECT_EQ(opening.state, Opening::State::open);
  EXPECT_EQ(opening.used, head.size());
  EXPECT_EQ(opening.framing, Framing::chunked);
  const Opening refused = (*dialect)->read_opening("HTTP/1.1 503 Busy\r\n\r\n");
  EXPECT_EQ(refused.state, Opening::State::refused);
  EXPECT_EQ(refused.why, "HTTP/1.1 503 Busy");
}

TEST(HttpDialect, answers_are_read_one_by_one_with_either_framing) {
  const std::string sized = "HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\nabc";
  const std::string chunked =
      "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\nConnection: "
      "close\r\n\r\n2\r\nno\r\n0\r\n\r\n";
  for (std::size_t n = 0; n < sized.size(); ++n) {
    EXPECT_EQ(read_http_answer(sized.substr(0, n)).used, 0u);
  }
  const Answer first = read_http_answer(sized + chunked);
  EXPECT_EQ(first.used, sized.size());
  EXPECT_TRUE(first.accepted);
  EXPECT_FALSE(first.closes);
  for (std::size_t n = 0; n < chunked.size(); ++n) {
    EXPECT_EQ(read_http_answer(chunked.substr(0, n)).used, 0u) << n;
  }
  const Answer second = read_http_answer(chunked);
  EXPECT_EQ(second.used, chunked.size());
  EXPECT_FALSE(second.accepted);
  EXPECT_TRUE(second.closes);
}

TEST(HttpDialect, a_publish_says_its_length_and_fills_the_body) {
  auto manner = make_preset("mercure", "http://127.0.0.1:3000");
  ASSERT_TRUE(manner);
  const auto dialect = make_publish_dialect(*manner);
  std::string out;
  (*dialect)->append(out, {"a", 0, "xyz"});
  EXPECT_TRUE(out.ends_with("Content-Length: 16\r\n\r\ntopic=a&data=xyz"));
  EXPECT_NE(out.find("Authorization: Bearer "), std::string::npos);
}

TEST(HttpDialect, a_batch_is_a_line_for_each_event) {
  auto manner = make_preset("fanfare", "http://127.0.0.1:3000");
  ASSERT_TRUE(manner);
  std::string out;
  ASSERT_TRUE((*make_publish_dialect(*manner))->append_batch(out, "t", {"x", "y"}));
  EXPECT_TRUE(out.ends_with(
      "\r\n\r\n{\"topic\":\"t\",\"data\":\"x\"}\n{\"topic\":\"t\",\"data\":\"y\"}\n"));
  manner = make_preset("nchan", "http://127.0.0.1:3000");
  EXPECT_FALSE((*make_publish_dialect(*manner))->append_batch(out, "t", {"x", "y"}));
}

TEST(RedisDialect, a_subscription_is_confirmed_and_publishes_are_counted) {
  auto manner = make_preset("redis", "127.0.0.1:6379");
  ASSERT_TRUE(manner);
  const auto subscribe = make_subscribe_dialect(*manner);
  EXPECT_EQ((*subscribe)->request({"ab", 0, "", false}), "*2\r\n$9\r\nSUBSCRIBE\r\n$2\r\nab\r\n");
  const std::string confirmed = "*3\r\n$9\r\nsubscribe\r\n$2\r\nab\r\n:1\r\n";
  EXPECT_EQ((*subscribe)->read_opening(confirmed).used, confirmed.size());
  const auto publish = make_publish_dialect(*manner);
  EXPECT_EQ((*publish)->read_answer(":2\r\n:3\r\n").used, 4u);
  EXPECT_FALSE((*publish)->read_answer("-ERR no\r\n").accepted);
}

TEST(NatsDialect, what_is_no_answer_is_passed_over) {
  auto manner = make_preset("nats", "127.0.0.1:4222");
  ASSERT_TRUE(manner);
  const auto publish = make_publish_dialect(*manner);
  const std::string said = "INFO {}\r\n+OK\r\n+OK\r\n";
  EXPECT_EQ((*publish)->read_answer(said).used, said.size() - 5);
  const auto subscribe = make_subscribe_dialect(*manner);
  EXPECT_EQ((*subscribe)->read_opening("INFO {}\r\n+OK\r\n").state, Opening::State::more);
  EXPECT_EQ((*subscribe)->read_opening(said).state, Opening::State::open);
}

TEST(Dialect, a_farewell_says_why_a_stream_ended) {
  EXPECT_EQ(why_ended("data: x\n\nretry: 2100\nevent: fanfare.close\n"
                      "data: {\"reason\":\"lagged\",\"final\":false}\n\n\r\n0\r\n\r\n"),
            "ended by the server: lagged");
  EXPECT_EQ(why_ended("data: {\"reason\":\"lagged\"}\n\n"), "ended by the server");
  EXPECT_EQ(why_ended("event: fanfare.close\ndata: {"), "ended by the server");
  EXPECT_EQ(why_ended(""), "ended by the server");
}

TEST(Preset, every_one_makes_both_dialects) {
  for (const std::string_view name : preset_names()) {
    const auto manner = make_preset(name, "http://127.0.0.1:8080");
    ASSERT_TRUE(manner) << name;
    EXPECT_TRUE(make_subscribe_dialect(*manner)) << name;
    EXPECT_TRUE(make_publish_dialect(*manner)) << name;
  }
  EXPECT_FALSE(make_preset("nginx", "http://127.0.0.1:8080"));
}

}  // namespace
}  // namespace fanfare::bench
