// app/pub.h: `fanfare pub`: each line of an input becomes an event.
//
// Thread: one; blocks until the input ends. Lines go out as they come: what piles up while one
// batch is on its way is the next batch (NDJSON, POST /events, on TCP and on a Unix socket alike).
// Each batch has an Idempotency-Key that its repetitions keep, so that a lost answer does not make
// a second publish; where the broker cannot know (it was restarted, or five minutes passed), that
// is said on `err`.
// A line that cannot be an event (NUL, not UTF-8, not JSON with --json, too long) is named on
// `err`.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "core/time.h"

namespace fanfare {

enum class PubData : uint8_t { text, json };      // json: each line is a JSON value, and is checked
enum class BadLine : uint8_t { skip, stop };      // skip: go on; the exit code is 1 all the same
enum class Summary : uint8_t { print, nothing };  // "published 17 events on chat"

struct PubOptions {
  std::string url = "http://127.0.0.1:8080";  // or unix:/path
  std::string socket;                         // path of a Unix socket, instead of the URL
  std::string topic;
  std::string event;  // type; empty: none
  PubData data = PubData::text;
  std::string key_file;  // empty: none
  BadLine bad_line = BadLine::skip;
  Summary summary = Summary::print;
  Duration retry_first = std::chrono::milliseconds(500);  // doubles up to retry_max
  Duration retry_max = std::chrono::seconds(10);
  Duration answer_timeout = std::chrono::seconds(60);
};

// Borrows both descriptors. `stop` (-1: none) becoming readable ends the reading; what was read is
// still published, without waiting for a broker that is away.
// 0: everything was published; 1: something was not, and `err` says what; 2: wrong options.
int run_pub(const PubOptions& options, int input, std::ostream& err, int stop = -1);

}  // namespace fanfare
