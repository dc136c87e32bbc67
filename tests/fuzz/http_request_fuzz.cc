// tests/fuzz/http_request_fuzz.cc: any bytes as requests of one connection, given whole, byte by
// byte and in pieces: all three must read the same requests and the same refusal.
#include <cstdint>
#include <string>

#include "core/check.h"
#include "net/http1_parser.h"
#include "net/json.h"

namespace {

using namespace fanfare;

constexpr std::size_t body_bytes_max = 600;

void append_head(std::string& out, const HttpRequest& request) {
  CHECK(request.path == "*" || request.path.starts_with('/'));
  CHECK(request.path.find_first_of("?# \r\n") == request.path.npos);
  CHECK(!(request.chunked && request.content_length));
  out.append(request.method_text).append(" ").append(request.path).append("?");
  out.append(request.query).append(request.keep_alive ? " keep" : " close");
  for (const HttpField& field : request.fields) {
    CHECK(field.value.find_first_of("\r\n") == field.value.npos);
    CHECK(field.value.find('\0') == field.value.npos);
    CHECK(field.name.find_first_of(" \t\r\n:") == field.name.npos);
    out.append("\n").append(field.name).append(":").append(field.value);
  }
  out.append("\n\n");
}

// Everything that was read, as text.
std::string read(std::string_view in, std::size_t piece) {
  Http1Parser parser({.head_bytes_max = 1024, .fields_max = 10});
  std::string out, body_sizes;
  while (true) {
    const std::string copy(in.substr(0, piece));  // its own, so that reading past its end is seen
    std::size_t used = 0;
    const auto step = parser.feed(copy, used);
    CHECK_LE(used, copy.size());
    in.remove_prefix(used);
    switch (step) {
      case Http1Parser::Step::more:
        CHECK_EQ(used, copy.size());
        if (in.empty()) return out + (parser.began() ? "unfinished" : "idle");
        break;
      case Http1Parser::Step::head:
        append_head(out, parser.request());
        parser.limit_body(body_bytes_max);
        break;
      case Http1Parser::Step::request:
        CHECK_LE(parser.body().size(), body_bytes_max);
        if (parser.request().content_length)
          CHECK_EQ(parser.body().size(), *parser.request().content_length);
        out.append(parser.body()).append("\n.\n");
        parser.next();
        break;
      case Http1Parser::Step::refused:
        CHECK(parser.refusal().status >= 400 && parser.refusal().status < 600);
        CHECK(is_valid_utf8(parser.refusal().detail));
        return out + std::to_string(parser.refusal().status);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view in(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = read(in, in.size() + 1);
  CHECK_EQ(whole, read(in, 1));
  CHECK_EQ(whole, read(in, 2 + data[0] % 64));
  return 0;
}
