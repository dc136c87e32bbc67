// tests/app/http_client_test.cc: answers in all their framings, cut short, slow and malformed, from
// a server that follows a script.
#include "app/http_client.h"

#include <gtest/gtest.h>

#include "tests/support/scripted_server.h"

namespace fanfare {
namespace {

using Kind = ClientFailure::Kind;
using Connection = ScriptedConnection;

HttpClient client_of(const ScriptedServer& server, ClientTimes times = {}, Interrupt stop = {}) {
  return {*parse_broker_url(server.url()), times, stop};
}

TEST(BrokerAddress, urls_and_sockets) {
  EXPECT_EQ(parse_broker_url("http://localhost:8080")->host_field(), "localhost:8080");
  EXPECT_EQ(parse_broker_url("http://localhost")->port, "80");
  EXPECT_EQ(parse_broker_url("http://[::1]:9/")->host, "::1");
  EXPECT_EQ(parse_broker_url("http://[::1]:9/")->host_field(), "[::1]:9");
  EXPECT_EQ(parse_broker_url("http://a:1/sse/")->path, "/sse");
  EXPECT_EQ(parse_broker_url("unix:/run/f.sock")->socket_path, "/run/f.sock");
  EXPECT_EQ(broker_address("http://a", "/run/f.sock")->text(), "unix:/run/f.sock");
  EXPECT_EQ(broker_address("http://a:1", "")->text(), "http://a:1");
}

TEST(BrokerAddress, a_wrong_url_is_named_with_what_is_wrong) {
  for (const char* url :
       {"", "localhost:8080", "https://a", "http://", "http://a:x", "http://a:0", "http://a:70000",
        "http://a?x=1", "http://u:p@a", "http://::1:80", "http://[::1", "http://[::1]x",
        "http://a b", "unix:", "http://a\r\nX:1"}) {
    const auto address = parse_broker_url(url);
    EXPECT_FALSE(address) << url;
    EXPECT_NE(address.error().find("http://127.0.0.1:8080"), std::string::npos) << url;
  }
  EXPECT_FALSE(broker_address("http://a", std::string(200, 'x')));
}

TEST(HttpClient, one_connection_carries_several_requests) {
  ScriptedServer server({[](Connection& peer) {
    for (std::string got = peer.read_request(); !got.empty(); got = peer.read_request()) {
      peer.note(got);
      peer.answer(200, "seen", "X-Kind: a\r\n");
    }
  }});
  HttpClient client = client_of(server);
  for (int i = 0; i < 3; ++i) {
    const auto outcome = client.request({"POST", "/events", {{"X-A", "b"}}, "body"});
    ASSERT_FALSE(outcome.failure) << outcome.failure->message;
    EXPECT_EQ(outcome.answer.status, 200u);
    EXPECT_EQ(outcome.answer.body, "seen");
    EXPECT_EQ(outcome.answer.field("x-kind"), "a");
  }
  ASSERT_EQ(server.notes().size(), 3u);
  EXPECT_EQ(server.notes()[0],
            "POST /events HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                "\r\nX-A: b\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(HttpClient, a_chunked_stream_comes_piece_by_piece_however_it_is_cut) {
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    const std::string_view bytes =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n7\r\n, "
        "world\r\n0\r\n\r\n";
    for (const char& byte : bytes) peer.send({&byte, 1});
  }});
  HttpClient client = client_of(server);
  std::string got;
  const auto outcome = client.request({}, [&](const ClientAnswer& head, std::string_view bytes) {
    EXPECT_EQ(head.status, 200u);
    got += bytes;
    return SinkSays::more;
  });
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(got, "hello, world");
}

TEST(HttpClient, a_sink_gets_each_piece_when_it_comes_and_may_have_enough) {
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    peer.begin_stream();
    peer.send_chunk("first");
    peer.wait_for_close();  // nothing more, and no end
  }});
  HttpClient client = client_of(server);
  std::string got;
  const auto outcome = client.request({}, [&](const ClientAnswer&, std::string_view bytes) {
    got += bytes;
    return SinkSays::enough;
  });
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(got, "first");
}

TEST(HttpClient, a_stream_longer_than_any_limit_of_the_parser) {
  constexpr std::size_t chunks = 200, chunk_bytes = 65'536;  // 12.5 MiB; Beast's default is 8
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    peer.begin_stream();
    for (std::size_t i = 0; i < chunks; ++i) peer.send_chunk(std::string(chunk_bytes, 'x'));
    peer.end_stream();
  }});
  HttpClient client = client_of(server);
  std::size_t got = 0;
  const auto outcome = client.request({}, [&](const ClientAnswer&, std::string_view bytes) {
    got += bytes.size();
    return SinkSays::more;
  });
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(got, chunks * chunk_bytes);
}

TEST(HttpClient, what_is_not_200_is_collected_past_the_sink) {
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    peer.answer(404, "no such thing");
  }});
  HttpClient client = client_of(server);
  const auto outcome = client.request({}, [](const ClientAnswer&, std::string_view) {
    ADD_FAILURE();
    return SinkSays::more;
  });
  EXPECT_EQ(outcome.answer.status, 404u);
  EXPECT_EQ(outcome.answer.body, "no such thing");
}

TEST(HttpClient, interim_heads_204_and_bodies_that_end_with_the_connection) {
  ScriptedServer server({[](Connection& peer) {
                           peer.read_request();
                           peer.send(
                               "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n");
                           peer.answer(201, "made");
                         },
                         [](Connection& peer) {
                           peer.read_request();
                           peer.send("HTTP/1.1 204 No Content\r\n\r\n");
                           peer.wait_for_close();
                         },
                         [](Connection& peer) {
                           peer.read_request();
                           peer.send("HTTP/1.0 200 OK\r\n\r\nall there is");
                         }});
  const auto created = client_of(server).request({"POST", "/", {}, "x"});
  EXPECT_EQ(created.answer.status, 201u);
  EXPECT_EQ(created.answer.body, "made");
  EXPECT_EQ(created.answer.field("a"), "");
  const auto empty = client_of(server).request({});
  EXPECT_EQ(empty.answer.status, 204u);
  EXPECT_FALSE(empty.failure);
  const auto until_close = client_of(server).request({});
  EXPECT_EQ(until_close.answer.body, "all there is");
  EXPECT_FALSE(until_close.failure);
}

TEST(HttpClient, an_answer_cut_short_is_lost_and_an_odd_one_malformed) {
  ScriptedServer server({[](Connection& peer) { peer.read_request(); },
                         [](Connection& peer) {
                           peer.read_request();
                           peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                         },
                         [](Connection& peer) {
                           peer.read_request();
                           peer.begin_stream();
                           peer.send_chunk("x");
                         },
                         [](Connection& peer) {
                           peer.read_request();
                           peer.send("SSH-2.0-OpenSSH\r\n\r\n");
                           peer.wait_for_close();
                         },
                         [](Connection& peer) {
                           peer.read_request();
                           peer.answer(404, std::string(HttpClient::collected_bytes_max + 1, 'x'));
                         }});
  for (const Kind kind : {Kind::lost, Kind::lost, Kind::lost, Kind::malformed, Kind::malformed}) {
    const auto outcome = client_of(server).request({});
    ASSERT_TRUE(outcome.failure);
    EXPECT_EQ(outcome.failure->kind, kind) << outcome.failure->message;
  }
}

TEST(HttpClient, a_connection_closed_while_idle_is_made_again) {
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    peer.answer(200, "once");
  }});
  HttpClient client = client_of(server);
  int answered = 0;
  for (int i = 0; i < 4; ++i) {
    // The close may be on its way still: then, and only then, the request is lost.
    const auto outcome = client.request({});
    if (outcome.failure) {
      EXPECT_EQ(outcome.failure->kind, Kind::lost);
    } else {
      EXPECT_EQ(outcome.answer.body, "once");
      ++answered;
    }
  }
  EXPECT_GE(answered, 2);
}

TEST(HttpClient, silence_and_the_whole_time_have_their_limits) {
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    peer.wait_for_close();
  }});
  using std::chrono::milliseconds;
  ClientTimes silent;
  silent.silence = milliseconds(20);
  EXPECT_EQ(client_of(server, silent).request({}).failure->kind, Kind::timed_out);
  ClientTimes whole;
  whole.whole = milliseconds(20);
  EXPECT_EQ(client_of(server, whole).request({}).failure->kind, Kind::timed_out);
}

TEST(HttpClient, an_interrupt_ends_the_wait) {
  int stop[2];
  ASSERT_EQ(pipe(stop), 0);
  ScriptedServer server({[&](Connection& peer) {
    peer.read_request();
    close(stop[1]);
    peer.wait_for_close();
  }});
  EXPECT_EQ(client_of(server, {}, {stop[0], -1}).request({}).failure->kind, Kind::interrupted);
  close(stop[0]);
}

TEST(HttpClient, a_reader_that_left_ends_the_wait_too) {
  int output[2];
  ASSERT_EQ(pipe(output), 0);
  ScriptedServer server({[&](Connection& peer) {
    peer.read_request();
    close(output[0]);
    peer.wait_for_close();
  }});
  EXPECT_EQ(client_of(server, {}, {-1, output[1]}).request({}).failure->kind, Kind::interrupted);
  close(output[1]);
}

TEST(HttpClient, where_nobody_listens_nothing_was_sent) {
  uint16_t port = 0;
  {
    port = ScriptedServer({[](Connection&) {}}).port();
  }
  HttpClient client(*parse_broker_url("http://127.0.0.1:" + std::to_string(port)), {});
  const auto outcome = client.request({});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->kind, Kind::not_connected);
  EXPECT_EQ(outcome.failure->message, "connection refused");
  HttpClient missing(*parse_broker_url("unix:/nonexistent/fanfare.sock"), {});
  EXPECT_EQ(missing.request({}).failure->message, "no such file or directory");
}

TEST(HttpClient, speaks_on_a_unix_socket) {
  const std::string path = "/tmp/fanfare-client-" + std::to_string(getpid()) + ".sock";
  ScriptedServer server({[](Connection& peer) {
                          EXPECT_NE(peer.read_request().find("Host: localhost\r\n"),
                                    std::string::npos);
                          peer.answer(200, "here");
                        }},
                        path);
  HttpClient client(*parse_broker_url("unix:" + path), {});
  EXPECT_EQ(client.request({}).answer.body, "here");
}

}  // namespace
}  // namespace fanfare
