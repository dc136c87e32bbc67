// tests/app/pub_test.cc: lines become events once, in order, through refusals and lost answers,
// before a server that follows a script.
#include "app/pub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <sstream>

#include "app/broker_answer.h"
#include "tests/app/temporary_file.h"
#include "tests/support/scripted_server.h"
#include "tests/support/text_pipe.h"

namespace fanfare {
namespace {

using Connection = ScriptedConnection;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view fine = R"({"count":1,"first":"aa-1","last":"aa-1"})";

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}
std::string key_of(const std::string& request) {
  const auto at = request.find("Idempotency-Key: ") + 17;
  return request.substr(at, request.find('\r', at) - at);
}

// Answers every request with 200 and notes it whole.
void accept_all(Connection& peer) {
  for (std::string got = peer.read_request(); !got.empty(); got = peer.read_request()) {
    peer.note(got);
    peer.answer(200, fine);
  }
}

PubOptions options_of(const ScriptedServer& server) {
  PubOptions options;
  options.url = server.url();
  options.topic = "chat";
  options.retry_first = std::chrono::milliseconds(1);
  options.retry_max = std::chrono::milliseconds(4);
  return options;
}

struct Ran {
  int exit_code;
  std::string err;
};
Ran run(const PubOptions& options, std::string_view input) {
  TextPipe in;
  in.write(input);
  in.close_writer();
  std::ostringstream err;
  const int exit_code = run_pub(options, in.reader(), err);
  return {exit_code, err.str()};
}

std::string all_bodies(const ScriptedServer& server) {
  std::string all;
  for (const std::string& note : server.notes()) all += body_of(note);
  return all;
}

TEST(Pub, each_line_is_an_event_without_its_line_end) {
  ScriptedServer server({accept_all});
  PubOptions options = options_of(server);
  options.event = "t\"x";
  const Ran ran = run(options, "a\nb\r\n\n\"q\" \\\nlast");
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "fanfare pub: published 5 events on chat\n");
  const std::string head = R"({"topic":"chat","event":"t\"x","data":)";
  EXPECT_EQ(all_bodies(server), head + "\"a\"}\n" + head + "\"b\"}\n" + head + "\"\"}\n" + head +
                                    R"("\"q\" \\"})" + "\n" + head + "\"last\"}\n");
  EXPECT_THAT(server.notes()[0], HasSubstr("POST /events HTTP/1.1\r\n"));
  EXPECT_THAT(server.notes()[0], HasSubstr("Content-Type: application/x-ndjson\r\n"));
}

TEST(Pub, a_trickling_line_goes_out_before_the_next_is_there) {
  ScriptedServer server({accept_all});
  TextPipe in;
  std::ostringstream err;
  const PubOptions options = options_of(server);
  auto exit_code =
      std::async(std::launch::async, [&] { return run_pub(options, in.reader(), err); });
  for (std::size_t i = 1; i <= 3; ++i) {
    in.write("tick\nbegun");  // what has no end yet does not go
    ASSERT_TRUE(server.wait_for_notes(2 * i - 1));
    in.write("\n");
    ASSERT_TRUE(server.wait_for_notes(2 * i));
  }
  in.close_writer();
  EXPECT_EQ(exit_code.get(), 0);
  EXPECT_THAT(err.str(), HasSubstr("published 6 events"));
}

TEST(Pub, gushing_lines_go_in_batches_of_4096_and_a_mebibyte_at_most) {
  std::string input;
  for (int i = 0; i < 10'000; ++i) input += std::to_string(i) + "\n";
  input += std::string(600'000, 'x') + "\n" + std::string(600'000, 'y') + "\nz\n";
  ScriptedServer server({accept_all});
  const TemporaryFile file(input);
  const int descriptor = open(file.path().c_str(), O_RDONLY);
  std::ostringstream err;
  EXPECT_EQ(run_pub(options_of(server), descriptor, err), 0);
  close(descriptor);
  EXPECT_LE(server.notes().size(), 5u);
  const std::string bodies = all_bodies(server);
  EXPECT_EQ(std::count(bodies.begin(), bodies.end(), '\n'), 10'003);
  EXPECT_THAT(err.str(), HasSubstr("published 10003 events"));
}

TEST(Pub, json_lines_are_sent_as_they_are_and_others_are_named) {
  ScriptedServer server({accept_all});
  PubOptions options = options_of(server);
  options.data = PubData::json;
  const Ran ran = run(options, "{\"a\": 1e400}\n{oops}\n7\n");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(all_bodies(server),
            "{\"topic\":\"chat\",\"data\":{\"a\": 1e400}}\n{\"topic\":\"chat\",\"data\":7}\n");
  EXPECT_THAT(ran.err, HasSubstr("line 2 is not JSON: "));
  EXPECT_THAT(ran.err, HasSubstr("published 2 events on chat, skipped 1"));
}

TEST(Pub, lines_that_are_no_text_are_named_and_passed_over) {
  ScriptedServer server({accept_all});
  const Ran ran = run(options_of(server), std::string_view("a\nb\xff\nc\0d\ne\n", 11));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("line 2 is not UTF-8 from byte 2 on"));
  EXPECT_THAT(ran.err, HasSubstr("line 3 has a NUL at byte 2"));
  EXPECT_THAT(all_bodies(server), HasSubstr("\"a\"}"));
  EXPECT_THAT(all_bodies(server), HasSubstr("\"e\"}"));
}

TEST(Pub, or_end_it_after_what_came_before) {
  ScriptedServer server({accept_all});
  PubOptions options = options_of(server);
  options.bad_line = BadLine::stop;
  const Ran ran = run(options, "a\nb\xff\ne\n");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(all_bodies(server), "{\"topic\":\"chat\",\"data\":\"a\"}\n");
}

TEST(Pub, a_lost_answer_is_asked_for_again_under_the_same_key) {
  ScriptedServer server({[](Connection& peer) {
                           peer.note(peer.read_request());
                           peer.answer(200, fine);
                           peer.note(peer.read_request());  // and no answer
                         },
                         [](Connection& peer) {
                           peer.note(peer.read_request());
                           peer.answer(200, fine, "Idempotency-Replayed: true\r\n");
                           peer.wait_for_close();
                         }});
  TextPipe in;
  std::ostringstream err;
  const PubOptions options = options_of(server);
  auto exit_code =
      std::async(std::launch::async, [&] { return run_pub(options, in.reader(), err); });
  in.write("a\n");
  ASSERT_TRUE(server.wait_for_notes(1));
  in.write("b\n");
  ASSERT_TRUE(server.wait_for_notes(3));
  in.close_writer();
  EXPECT_EQ(exit_code.get(), 0);
  const auto notes = server.notes();
  EXPECT_NE(key_of(notes[0]), key_of(notes[1]));
  EXPECT_EQ(key_of(notes[1]), key_of(notes[2]));
  EXPECT_EQ(body_of(notes[1]), body_of(notes[2]));
  EXPECT_THAT(err.str(), HasSubstr("lost http://127.0.0.1:"));
  EXPECT_THAT(err.str(), HasSubstr("going on after"));
  EXPECT_THAT(err.str(), Not(HasSubstr("twice")));
  EXPECT_THAT(err.str(), HasSubstr("published 2 events"));
}

TEST(Pub, a_restart_between_the_tries_is_told_as_perhaps_twice) {
  ScriptedServer server({[](Connection& peer) {
                           peer.note(peer.read_request());
                           peer.answer(200, fine);
                           peer.read_request();
                         },
                         [](Connection& peer) {
                           peer.read_request();
                           peer.answer(200, R"({"count":1,"first":"bb-1","last":"bb-1"})");
                           peer.note("done");
                           peer.wait_for_close();
                         }});
  TextPipe in;
  std::ostringstream err;
  const PubOptions options = options_of(server);
  auto exit_code =
      std::async(std::launch::async, [&] { return run_pub(options, in.reader(), err); });
  in.write("a\n");
  ASSERT_TRUE(server.wait_for_notes(1));
  in.write("b\n");
  in.close_writer();
  EXPECT_EQ(exit_code.get(), 0);
  EXPECT_THAT(err.str(), HasSubstr("line 2 may be published twice: the broker was restarted"));
}

TEST(Pub, temporary_refusals_are_waited_out) {
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    peer.answer(503, R"({"detail":"readers are slow"})", "Retry-After: 0\r\n");
    peer.read_request();
    peer.answer(429, "", "Retry-After: 0\r\n");
    peer.note(peer.read_request());
    peer.answer(200, fine);
    peer.wait_for_close();
  }});
  const Ran ran = run(options_of(server), "a\n");
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(server.notes().size(), 1u);
  EXPECT_THAT(ran.err, HasSubstr("HTTP 503: readers are slow; trying again"));
}

TEST(Pub, a_final_refusal_is_printed_and_ends_it) {
  ScriptedServer server({[](Connection& peer) {
    peer.note(peer.read_request());
    peer.answer(403, R"({"title":"No","detail":"this key may not publish on chat"})");
    peer.wait_for_close();
  }});
  const Ran ran = run(options_of(server), "a\nb\n");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("lines 1 to 2: HTTP 403: this key may not publish on chat"));
  EXPECT_THAT(ran.err, HasSubstr("published 0 events"));
}

TEST(Pub, the_line_that_the_broker_names_is_told_by_its_number_in_the_input) {
  ScriptedServer server({[](Connection& peer) {
    peer.read_request();
    peer.answer(400, R"({"detail":"line 2: nested too deep","line":2})");
    peer.wait_for_close();
  }});
  const Ran ran = run(options_of(server), "a\nbad \xff\nc\n");
  EXPECT_THAT(ran.err, HasSubstr("pub: line 3: HTTP 400: nested too deep"));
}

TEST(Pub, a_batch_that_is_too_large_is_halved_until_the_line_is_found) {
  ScriptedServer server({[](Connection& peer) {
    for (std::string got = peer.read_request(); !got.empty(); got = peer.read_request()) {
      if (got.find("huge") != std::string::npos) {
        peer.answer(413, R"({"detail":"at most 1 MiB"})");
      } else {
        peer.note(got);
        peer.answer(200, fine);
      }
    }
  }});
  const Ran ran = run(options_of(server), "a\nb\nhuge\nc\nd\n");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("line 3 is too long (HTTP 413: at most 1 MiB); skipped"));
  EXPECT_THAT(ran.err, HasSubstr("published 4 events on chat, skipped 1"));
  const std::string bodies = all_bodies(server);
  EXPECT_LT(bodies.find("\"b\""), bodies.find("\"c\""));
}

TEST(Pub, a_broker_that_is_not_there_is_told_at_once) {
  uint16_t port = 0;
  { port = ScriptedServer({accept_all}).port(); }
  PubOptions options;
  options.topic = "chat";
  options.url = "http://127.0.0.1:" + std::to_string(port);
  const Ran ran = run(options, "a\n");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("cannot reach " + options.url + ": connection refused"));
}

TEST(Pub, a_stop_ends_the_reading_and_a_wait) {
  ScriptedServer server({[](Connection& peer) {
    while (!peer.read_request().empty()) {
      peer.note("asked");
      peer.answer(503, "", "Retry-After: 600\r\n");
    }
  }});
  TextPipe in, stop;
  std::ostringstream err;
  const PubOptions options = options_of(server);
  auto exit_code = std::async(std::launch::async,
                              [&] { return run_pub(options, in.reader(), err, stop.reader()); });
  in.write("a\n");
  ASSERT_TRUE(server.wait_for_notes(1));
  stop.close_writer();
  EXPECT_EQ(exit_code.get(), 1);
  EXPECT_THAT(err.str(), HasSubstr("stopped while line 1 could not be published"));
  std::ostringstream quiet;
  PubOptions quiet_options = options;
  quiet_options.summary = Summary::nothing;
  EXPECT_EQ(run_pub(quiet_options, in.reader(), quiet, stop.reader()), 0);
  EXPECT_EQ(quiet.str(), "");
}

TEST(Pub, the_secret_of_the_key_file_is_sent) {
  ScriptedServer server({accept_all});
  const TemporaryFile key("s3cret\n");
  PubOptions options = options_of(server);
  options.key_file = key.path();
  EXPECT_EQ(run(options, "a\n").exit_code, 0);
  EXPECT_THAT(server.notes()[0], HasSubstr("Authorization: Bearer s3cret\r\n"));
}

TEST(Pub, wrong_options_end_with_2) {
  PubOptions options;
  options.topic = "chat";
  options.url = "ftp://x";
  EXPECT_EQ(run(options, "a\n").exit_code, 2);
  options.url = "http://127.0.0.1:1";
  options.key_file = "/nonexistent";
  EXPECT_EQ(run(options, "a\n").exit_code, 2);
  const TemporaryFile two_words("a b\n");
  options.key_file = two_words.path();
  EXPECT_EQ(run(options, "a\n").exit_code, 2);
}

TEST(BrokerAnswer, waits_grow_up_to_the_longest) {
  using std::chrono::seconds;
  Backoff backoff(seconds(1), seconds(8));
  for (int i = 0; i < 20; ++i) {
    const Duration wait = backoff.next();
    EXPECT_GE(wait, i < 3 ? seconds(1 << i) : seconds(8));
    EXPECT_LE(wait, seconds(12));
  }
}

TEST(BrokerAnswer, a_wait_that_was_asked_for_is_spread_but_never_shortened) {
  using std::chrono::seconds;
  Backoff backoff(seconds(1), seconds(8));
  for (int i = 0; i < 20; ++i) {
    const Duration wait = backoff.next(seconds(20));
    EXPECT_GE(wait, seconds(20));
    EXPECT_LE(wait, seconds(26));
  }
}

TEST(BrokerAnswer, a_reason_has_no_control_characters) {
  ClientAnswer answer;
  answer.status = 502;
  answer.body = "bad\x1b[2J gateway\r\nmore";
  EXPECT_EQ(reason_of(answer), "HTTP 502: bad?[2J gateway");
}

}  // namespace
}  // namespace fanfare
