// net/http1_parser.h: bytes of one connection become HTTP/1.1 requests, strictly.
//
// Thread: one.   Owned by: a Connection, one for each; reused for its next request.
// Strict against request smuggling (docs/ARCHITECTURE.md#http): what two parsers could read in two
// ways is refused and the connection ends: obs-fold, white space before the colon, bare CR or LF,
// Content-Length twice or with Transfer-Encoding or not digits alone, any transfer coding but
// `chunked` alone, chunked in HTTP/1.0, control characters in values, absolute-form of another
// scheme.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"

namespace fanfare {

struct HttpLimits {
  std::size_t head_bytes_max = 16384;
  std::size_t fields_max = 100;
};

// Why a connection's bytes are not a request; the answer is this, then the end.
struct HttpRefusal {
  unsigned status = 400;  // 400, 413, 414, 431 or 501
  std::string detail;     // what is wrong and what to change
};

class Http1Parser {
 public:
  enum class Step : uint8_t {
    more,     // all was consumed; feed more
    head,     // the head is complete: request() is valid; say limit_body(), then feed on (also with
              // nothing)
    request,  // the whole request is here: request() and body() are valid until next()
    refused,  // refusal() says why; nothing more can be read from this connection
  };

  explicit Http1Parser(const HttpLimits& limits);
  ~Http1Parser();

  // Consumes from `in`; `used` says how much. What is left belongs to the body, or to the next
  // request.
  Step feed(std::string_view in, std::size_t& used);

  const HttpRequest& request() const;
  // Between `head` and the next feed: a body longer than this is refused with 413 (announced or
  // chunked).
  void limit_body(std::size_t bytes_max);
  // Followed by 64 readable bytes (for the JSON reader).
  std::string_view body() const;
  bool began() const;  // a byte of a request is here, and the request is not whole
  const HttpRefusal& refusal() const;
  // Forgets the request; keeps at most 16 KiB of memory.
  void next();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace fanfare
