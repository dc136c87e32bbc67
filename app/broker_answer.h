// app/broker_answer.h: what the clients read out of a broker's answers, and how long they wait
// after them.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/http_client.h"
#include "core/random.h"
#include "core/result.h"
#include "core/time.h"

namespace fanfare {

// The member of a JSON object: a string decoded, anything else as its text; nothing if it is absent
// or `json` is no object.
std::optional<std::string> json_member(std::string_view json, std::string_view name);

// For people, on one line: "HTTP 400: the topic 'a/' ends in '/'". From problem+json, or else from
// the first line of the body. Control characters are replaced.
std::string reason_of(const ClientAnswer& answer);

// Retry-After in seconds, at most ten minutes; nothing if absent or a date.
std::optional<Duration> retry_after(const ClientAnswer& answer);

// May the same request succeed later? (408, 425, 429 and 5xx but 501.)
bool is_temporary(unsigned status);

// Text of a peer for a terminal: control characters become '?'.
std::string printable(std::string_view text);

// Growing waits, with jitter, between tries.
class Backoff {
 public:
  Backoff(Duration first, Duration longest);

  void set_first(Duration first) { first_ = first; }
  // The next wait: at least `first`, doubled for each try, or what was asked for; and then a little
  // more, so that clients spread.
  Duration next(std::optional<Duration> asked = std::nullopt);
  void reset() { tries_ = 0; }

 private:
  Duration first_;
  const Duration longest_;
  unsigned tries_ = 0;
  Random random_;
};

uint64_t random_number();  // from the kernel, for keys and seeds

// "Bearer <secret>"; empty for no file. An error names the file.
Result<std::string> authorization_of(const std::string& key_file);

}  // namespace fanfare
