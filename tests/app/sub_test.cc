// tests/app/sub_test.cc: what is printed and said, and where the next request begins, before a
// server that follows a script.
#include "app/sub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <sstream>

#include "app/healthcheck.h"
#include "app/sub_notes.h"
#include "tests/app/temporary_file.h"
#include "tests/support/scripted_server.h"
#include "tests/support/text_pipe.h"

namespace fanfare {
namespace {

using Connection = ScriptedConnection;
using testing::HasSubstr;
using testing::Not;

SubOptions options_of(const ScriptedServer& server) {
  SubOptions options;
  options.url = server.url();
  options.topics = {"chat"};
  options.retry_first = std::chrono::milliseconds(1);
  options.retry_max = std::chrono::milliseconds(4);
  return options;
}

struct Ran {
  int exit_code;
  std::string out, err;
};
// What is printed must fit into a pipe.
Ran run(const SubOptions& options) {
  TextPipe out;
  std::ostringstream err;
  const int exit_code = run_sub(options, out.writer(), err);
  return {exit_code, out.read_all(), err.str()};
}

// One stream with these bytes, which ends in good order.
ScriptedServer::Step stream_of(std::string bytes) {
  return [bytes = std::move(bytes)](Connection& peer) {
    peer.note(peer.read_request());
    peer.begin_stream();
    peer.send_chunk(bytes);
    peer.end_stream();
    peer.wait_for_close();
  };
}
ScriptedServer::Step refusal_of(unsigned status, std::string body = {}) {
  return [=](Connection& peer) {
    peer.note(peer.read_request());
    peer.answer(status, body, "Connection: close\r\n");
    peer.wait_for_close();
  };
}
const std::string final_close =
    "event: fanfare.close\ndata: {\"reason\":\"ended\",\"final\":true}\n\n";

TEST(Sub, data_of_each_event_on_lines_of_its_own) {
  ScriptedServer server(
      {stream_of("retry: 1\nid: a-0\n\nid: a-1\nevent: x\ndata: one\n\n:\n"
                 "id: a-2\ndata: two\ndata: lines\n\nid: a-3\ndata\n\n" +
                 final_close)});
  const Ran ran = run(options_of(server));
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "one\ntwo\nlines\n\n");
  EXPECT_EQ(ran.err, "fanfare sub: the topic has ended, for good\n");
}

TEST(Sub, the_request_names_all_topics_and_where_to_start) {
  ScriptedServer server({stream_of(final_close)});
  SubOptions options = options_of(server);
  options.topics = {"a b/c", "gen/**"};
  options.since = "5m";
  const TemporaryFile key("s3cret\n");
  options.key_file = key.path();
  run(options);
  EXPECT_THAT(server.notes()[0],
              HasSubstr("GET /events?topic=a%20b%2Fc&topic=gen%2F%2A%2A&heartbeat=15&since=5m "));
  EXPECT_THAT(server.notes()[0], HasSubstr("Authorization: Bearer s3cret\r\n"));
  EXPECT_THAT(server.notes()[0], Not(HasSubstr("Last-Event-ID")));
  // An Accept of exactly this would be taken for an EventSource, which is not told of refusals.
  EXPECT_THAT(server.notes()[0], Not(HasSubstr("Accept: text/event-stream\r\n")));
}

TEST(Sub, json_is_the_envelope_and_sse_is_what_came) {
  const std::string stream = "retry: 1\nid: a-0\n\nid: a-1\ndata: {\"id\":\"a-1\"}\n\n";
  ScriptedServer server({stream_of(stream + final_close)});
  SubOptions options = options_of(server);
  options.output = SubOutput::json;
  EXPECT_EQ(run(options).out, "{\"id\":\"a-1\"}\n");
  EXPECT_THAT(server.notes()[0], HasSubstr("&envelope=1"));
  options.output = SubOutput::sse;
  EXPECT_EQ(run(options).out, stream + final_close);
  EXPECT_THAT(server.notes()[1], Not(HasSubstr("envelope")));
}

TEST(Sub, a_lost_stream_is_resumed_after_the_last_whole_event) {
  ScriptedServer server({[](Connection& peer) {
                           peer.note(peer.read_request());
                           peer.begin_stream();
                           peer.send_chunk("id: a-1\ndata: one\n\nid: a-2\ndata: cut");
                           peer.reset();
                         },
                         stream_of("retry: 1\n\nid: a-2\ndata: two\n\n" + final_close)});
  SubOptions options = options_of(server);
  options.last = "5";
  const Ran ran = run(options);
  EXPECT_EQ(ran.out, "one\ntwo\n");
  EXPECT_THAT(ran.err, HasSubstr("connection lost: "));
  EXPECT_THAT(ran.err, HasSubstr("connected again after "));
  EXPECT_THAT(server.notes()[0], HasSubstr("&last=5"));
  EXPECT_THAT(server.notes()[1], HasSubstr("Last-Event-ID: a-1\r\n"));
  EXPECT_THAT(server.notes()[1], Not(HasSubstr("last=")));
}

TEST(Sub, a_stream_cut_before_its_first_event_resumes_from_its_first_block) {
  ScriptedServer server({stream_of("retry: 1\nid: a-7\n\n"), stream_of(final_close)});
  run(options_of(server));
  EXPECT_THAT(server.notes()[1], HasSubstr("Last-Event-ID: a-7\r\n"));
}

TEST(Sub, without_any_id_it_starts_as_it_was_told) {
  ScriptedServer server({stream_of("retry: 1\n\n"), stream_of(final_close)});
  SubOptions options = options_of(server);
  options.since = "5m";
  run(options);
  EXPECT_THAT(server.notes()[1], HasSubstr("since=5m"));
}

TEST(Sub, the_id_it_was_given_is_sent) {
  ScriptedServer server({stream_of(final_close)});
  SubOptions options = options_of(server);
  options.last_event_id = "a-5";
  run(options);
  EXPECT_THAT(server.notes()[0], HasSubstr("Last-Event-ID: a-5\r\n"));
}

TEST(Sub, retry_is_the_least_time_before_it_comes_again) {
  ScriptedServer server({stream_of("retry: 60\n\n"), stream_of(final_close)});
  const Instant begin = monotonic_now();
  EXPECT_EQ(run(options_of(server)).exit_code, 0);
  EXPECT_GE(monotonic_now() - begin, std::chrono::milliseconds(60));
}

TEST(Sub, a_gap_is_told_in_words_and_printing_goes_on) {
  ScriptedServer server(
      {stream_of("id: a-1\ndata: one\n\n"),
       stream_of("retry: 1\n\nid: a-8\nevent: fanfare.gap\ndata: "
                 "{\"asked\":\"a-1\",\"first\":\"a-9\",\"reason\":\"expired\"}\n\n"
                 "id: a-9\ndata: nine\n\n" +
                 final_close)});
  const Ran ran = run(options_of(server));
  EXPECT_EQ(ran.out, "one\nnine\n");
  EXPECT_THAT(ran.err,
              HasSubstr("gap: events on chat after a-1 were no longer kept; continuing at a-9\n"));
}

TEST(Sub, a_closing_broker_is_asked_again_when_it_said) {
  ScriptedServer server(
      {stream_of("retry: 1\nid: a-1\ndata: one\n\nevent: fanfare.close\n"
                 "data: {\"reason\":\"drain\",\"final\":false,\"retry_ms\":20}\n\n"),
       stream_of(final_close)});
  const Instant begin = monotonic_now();
  const Ran ran = run(options_of(server));
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_GE(monotonic_now() - begin, std::chrono::milliseconds(20));
  EXPECT_THAT(ran.err, HasSubstr("the broker is going down; coming again in "));
}

TEST(Sub, a_final_goodbye_other_than_the_end_is_a_failure) {
  ScriptedServer server(
      {stream_of("event: fanfare.close\n"
                 "data: {\"reason\":\"kicked\",\"final\":true}\n\n")});
  const Ran ran = run(options_of(server));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("somebody closed this stream, for good"));
}

TEST(Sub, final_refusals_are_printed) {
  for (const unsigned status : {400u, 401u, 403u, 404u, 406u, 410u, 501u}) {
    ScriptedServer server({refusal_of(status, R"({"detail":"that is why"})")});
    const Ran ran = run(options_of(server));
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_EQ(ran.err, "fanfare sub: HTTP " + std::to_string(status) + ": that is why\n");
    EXPECT_EQ(server.notes().size(), 1u);
  }
}

TEST(Sub, nothing_more_to_come_is_final_too) {
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    peer.wait_for_close();
  }});
  const Ran ran = run(options_of(server));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("nothing more will come on chat"));
}

TEST(Sub, temporary_refusals_are_told_once_and_waited_out) {
  ScriptedServer server({refusal_of(503, R"({"detail":"too many"})"), refusal_of(429),
                         refusal_of(502), stream_of(final_close)});
  const Ran ran = run(options_of(server));
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(server.notes().size(), 4u);
  EXPECT_THAT(ran.err, HasSubstr("HTTP 503: too many; coming again in"));
  EXPECT_THAT(ran.err, Not(HasSubstr("502")));
}

TEST(Sub, silence_longer_than_three_heartbeats_is_a_lost_connection) {
  ScriptedServer server({[](Connection& peer) {
                           peer.read_request();
                           peer.begin_stream();
                           peer.send_chunk("id: a-1\ndata: one\n\n");
                           peer.wait_for_close();
                         },
                         stream_of(final_close)});
  SubOptions options = options_of(server);
  options.silence_max = std::chrono::milliseconds(30);
  const Ran ran = run(options);
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.err, HasSubstr("nothing came from " + server.url() + " for 30 ms"));
}

TEST(Sub, what_is_no_broker_is_named) {
  ScriptedServer server({refusal_of(200, "<html>"), refusal_of(200)});
  for (int i = 0; i < 2; ++i) {
    const Ran ran = run(options_of(server));
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_THAT(ran.err, HasSubstr("not with a stream of events"));
  }
  uint16_t port = 0;
  { port = ScriptedServer({refusal_of(200)}).port(); }
  SubOptions options;
  options.topics = {"chat"};
  options.url = "http://127.0.0.1:" + std::to_string(port);
  const Ran ran = run(options);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("connection refused. Is it running?"));
}

TEST(Sub, wrong_options_end_with_2) {
  SubOptions options;
  EXPECT_EQ(run(options).exit_code, 2);
  options.topics = {"chat"};
  options.last_event_id = "a\r\nX: y";
  EXPECT_EQ(run(options).exit_code, 2);
  options.last_event_id.clear();
  options.url = "chat";
  EXPECT_EQ(run(options).exit_code, 2);
}

TEST(Sub, a_count_ends_it) {
  ScriptedServer server({stream_of("data: 1\n\ndata: 2\n\ndata: 3\n\n")});
  SubOptions options = options_of(server);
  options.count = 2;
  const Ran ran = run(options);
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "1\n2\n");
}

// A stream with one event that stays open.
void quiet_stream(Connection& peer) {
  peer.read_request();
  peer.begin_stream();
  peer.send_chunk("id: a-1\ndata: one\n\n");
  peer.wait_for_close();
}

TEST(Sub, a_stop_ends_it_with_0) {
  ScriptedServer server({quiet_stream});
  TextPipe out, stop;
  std::ostringstream err;
  const SubOptions options = options_of(server);
  auto exit_code = std::async(std::launch::async,
                              [&] { return run_sub(options, out.writer(), err, stop.reader()); });
  EXPECT_EQ(out.read(4), "one\n");  // before the stream ends
  stop.close_writer();
  EXPECT_EQ(exit_code.get(), 0);
  EXPECT_EQ(err.str(), "");
}

TEST(Sub, a_reader_that_left_ends_it_quietly_also_without_events) {
  std::signal(SIGPIPE, SIG_IGN);
  ScriptedServer server({quiet_stream});
  TextPipe out;
  std::ostringstream err;
  const SubOptions options = options_of(server);
  auto exit_code =
      std::async(std::launch::async, [&] { return run_sub(options, out.writer(), err); });
  EXPECT_EQ(out.read(4), "one\n");
  out.close_reader();
  EXPECT_EQ(exit_code.get(), 0);
  EXPECT_EQ(err.str(), "");
}

TEST(SubNotes, each_reason_of_a_gap) {
  const auto words = [](std::string_view reason, std::string_view first) {
    return gap_in_words(R"({"asked":"a-1","first":)" + std::string(first) + R"(,"reason":")" +
                            std::string(reason) + R"("})",
                        "chat", "a-8", {});
  };
  EXPECT_EQ(words("expired", R"("a-9")"),
            "gap: events on chat after a-1 were no longer kept; continuing at a-9");
  EXPECT_EQ(words("expired", "null"),
            "gap: events on chat after a-1 were no longer kept; continuing after a-8");
  EXPECT_THAT(words("epoch", "null"), HasSubstr("the broker has begun a new history since a-1"));
  EXPECT_THAT(words("ahead", "null"), HasSubstr("the position a-1 lies ahead"));
  EXPECT_THAT(words("malformed", "null"), HasSubstr("the position a-1 is not one of this broker"));
  EXPECT_THAT(words("lagged", "null"), HasSubstr("we read too slowly"));
  EXPECT_THAT(words("new", "null"), HasSubstr("may be lost (new)"));
  EXPECT_EQ(gap_in_words("no json", "chat", "", {}), "gap: events on chat may be lost ()");
}

TEST(SubNotes, a_gap_says_how_much_was_lost_if_that_is_known) {
  using namespace std::chrono_literals;
  const auto words = [](const Missed& missed) {
    return gap_in_words(R"({"asked":"a-1","first":"a-9","reason":"expired"})", "chat", "a-8",
                        missed);
  };
  EXPECT_EQ(words({337s, 5min}),
            "gap: 37 s of events on chat were no longer kept (history 5m); continuing at a-9");
  // Less was missed than is kept: not age took them, but number or size.
  EXPECT_EQ(words({20s, 5min}),
            "gap: events on chat after a-1 were no longer kept (history 5m); continuing at a-9");
  EXPECT_EQ(words({{}, 5min}),
            "gap: events on chat after a-1 were no longer kept (history 5m); continuing at a-9");
}

TEST(SubNotes, a_close_of_an_unknown_reason_or_form) {
  EXPECT_THAT(read_close(R"({"reason":"new","final":true})").text, HasSubstr("(new)"));
  EXPECT_TRUE(read_close(R"({"reason":"new","final":true})").is_final);
  EXPECT_FALSE(read_close("").is_final);
  EXPECT_EQ(read_close(R"({"retry_ms":99999999999999999999999})").retry, std::nullopt);
}

TEST(SubNotes, times_in_words) {
  using namespace std::chrono;
  EXPECT_EQ(time_in_words(milliseconds(850)), "850 ms");
  EXPECT_EQ(time_in_words(seconds(37)), "37 s");
  EXPECT_EQ(time_in_words(seconds(125)), "2 min 5 s");
  EXPECT_EQ(time_in_words(hours(3)), "3 h 0 min");
}

TEST(Healthcheck, one_line_and_an_exit_code) {
  const auto check = [](const std::string& url) {
    std::ostringstream out;
    const int exit_code = run_healthcheck({url, std::chrono::milliseconds(50)}, out);
    return std::pair(exit_code, out.str());
  };
  {
    ScriptedServer server({refusal_of(200, "ready\n")});
    EXPECT_EQ(check(server.url()), std::pair(0, std::string("ready\n")));
    EXPECT_EQ(check(server.url() + "/livez").first, 0);
    EXPECT_THAT(server.notes()[0], HasSubstr("GET /readyz HTTP/1.1\r\n"));
    EXPECT_THAT(server.notes()[1], HasSubstr("GET /livez HTTP/1.1\r\n"));
  }
  {
    ScriptedServer server({refusal_of(503, "draining\n")});
    EXPECT_EQ(check(server.url()), std::pair(1, std::string("not ready: HTTP 503: draining\n")));
  }
  {
    ScriptedServer server({[](Connection& peer) { peer.wait_for_close(); }});
    EXPECT_EQ(check(server.url()),
              std::pair(1, "not ready: " + server.url() + ": nothing came in time\n"));
  }
  EXPECT_EQ(check("nonsense").first, 2);
}

}  // namespace
}  // namespace fanfare
