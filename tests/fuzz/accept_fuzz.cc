// tests/fuzz/accept_fuzz.cc: any bytes as an Accept field: a choice is one of the offers, does not
// depend on case, and is never worse for an offer less.
#include <cstdint>
#include <string>

#include "core/check.h"
#include "net/http.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace fanfare;
  static constexpr std::string_view offers[] = {"text/event-stream", "application/x-ndjson",
                                                "application/json", "text/html"};
  const std::string accept(reinterpret_cast<const char*>(data), size);
  const auto chosen = choose_media(accept, offers);
  std::string upper = accept;
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  CHECK(chosen == choose_media(upper, offers));
  if (!chosen) {
    // What none of many is acceptable to, none of a few is.
    CHECK(!choose_media(accept, std::span(offers).first(2)));
    return 0;
  }
  CHECK_LT(*chosen, std::size(offers));
  // The best of all is the best of those up to it, and alone.
  CHECK(choose_media(accept, std::span(offers).first(*chosen + 1)) == chosen);
  CHECK(choose_media(accept, std::span(offers).subspan(*chosen, 1)) == std::size_t{0});
  return 0;
}
