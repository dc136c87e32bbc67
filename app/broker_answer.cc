// app/broker_answer.cc: problem+json, Retry-After and secrets, for people and for the next try.
#include "app/broker_answer.h"

#include <fmt/core.h>
#include <sys/random.h>

#include <algorithm>

#include "app/read_file.h"
#include "core/check.h"
#include "net/json.h"

namespace fanfare {
namespace {

constexpr std::size_t reason_bytes_max = 2000;
constexpr std::size_t secret_bytes_max = 4096;

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::optional<std::string> json_member(std::string_view json, std::string_view name) {
  JsonReader reader;
  TextArena arena;
  if (!reader.read_object(json, arena)) return std::nullopt;
  for (const JsonMember& member : reader.members()) {
    if (member.name != name) continue;
    const bool is_string = member.value.kind == JsonKind::string;
    return std::string(is_string ? member.value.string : member.value.text);
  }
  return std::nullopt;
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, '?');
  return out;
}

std::string reason_of(const ClientAnswer& answer) {
  auto detail = json_member(answer.body, "detail");
  if (!detail) detail = json_member(answer.body, "title");
  if (!detail) detail = answer.body.substr(0, answer.body.find_first_of("\r\n"));
  if (detail->empty()) return fmt::format("HTTP {}", answer.status);
  return fmt::format("HTTP {}: {}", answer.status, printable(detail->substr(0, reason_bytes_max)));
}

std::optional<Duration> retry_after(const ClientAnswer& answer) {
  const std::string_view text = answer.field("retry-after");
  if (text.empty()) return std::nullopt;
  constexpr int64_t longest = 600;
  int64_t seconds = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = std::min(seconds * 10 + (c - '0'), longest);
  }
  return std::chrono::seconds(seconds);
}

bool is_temporary(unsigned status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501);
}

Backoff::Backoff(Duration first, Duration longest)
    : first_(first), longest_(longest), random_(random_number()) {}

Duration Backoff::next(std::optional<Duration> asked) {
  constexpr unsigned doublings_max = 16;
  const Duration grown =
      std::min(std::max(longest_, first_), first_ * (1 << std::min(tries_, doublings_max)));
  ++tries_;
  constexpr uint32_t steps = 1024;
  const auto part = [&](Duration of) { return of / steps * random_.below(steps); };
  if (asked) return *asked + part(std::min(grown, *asked / 4 + first_));
  return grown + part(grown / 2);
}

uint64_t random_number() {
  uint64_t number = 0;
  CHECK_EQ(getrandom(&number, sizeof number, 0), static_cast<ssize_t>(sizeof number));
  return number;
}

Result<std::string> authorization_of(const std::string& key_file) {
  if (key_file.empty()) return std::string();
  auto secret = read_file(key_file, secret_bytes_max);
  if (!secret) return Error{"--key: " + secret.error()};
  constexpr std::string_view white = " \t\r\n";
  secret->erase(std::min(secret->find_last_not_of(white) + 1, secret->size()));
  secret->erase(0, secret->find_first_not_of(white));
  if (secret->empty()) return Error{fmt::format("--key: {} is empty", key_file)};
  if (!is_visible_ascii(*secret)) {
    return Error{fmt::format("--key: {} has more than one word, or characters that are not ASCII",
                             key_file)};
  }
  return "Bearer " + *secret;
}

}  // namespace fanfare
