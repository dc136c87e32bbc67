// tests/net/http1_parser_test.cc: what two parsers could read in two ways is refused, and requests
// are the same however their bytes are cut. (tests/fuzz/http_request_fuzz.cc goes further.)
#include "net/http1_parser.h"

#include <string>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

// The status of the refusal; 0: the request is whole; -1: more is wanted.
int read(std::string_view in, std::size_t piece) {
  Http1Parser parser({});
  while (true) {
    std::size_t used = 0;
    switch (parser.feed(in.substr(0, piece), used)) {
      case Http1Parser::Step::more:
        in.remove_prefix(used);
        if (in.empty()) return -1;
        continue;
      case Http1Parser::Step::head:
        parser.limit_body(1000);
        break;
      case Http1Parser::Step::request:
        return 0;
      case Http1Parser::Step::refused:
        return static_cast<int>(parser.refusal().status);
    }
    in.remove_prefix(used);
  }
}

int read_framing(const std::string& fields, const std::string& body) {
  const std::string request =
      "POST /topics/a HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
  const int whole = read(request, request.size());
  EXPECT_EQ(whole, read(request, 1)) << fields;
  return whole;
}

TEST(Http1Parser, a_length_is_digits_alone) {
  EXPECT_EQ(read_framing("Content-Length: 2\r\n", "ab"), 0);
  for (const char* const length : {"2,2", "2, 2", "+2", "-2", "0x2", "2 2", "", "2;", "two"}) {
    EXPECT_EQ(read_framing(std::string("Content-Length: ") + length + "\r\n", "ab"), 400) << length;
  }
  EXPECT_EQ(read_framing("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), 400);
}

TEST(Http1Parser, a_length_beside_chunks_is_refused) {
  for (const char* const fields : {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                                   "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"}) {
    EXPECT_EQ(read_framing(fields, "0\r\n\r\n"), 400) << fields;
  }
  EXPECT_EQ(read_framing("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\n\r\n"), 0);
  EXPECT_EQ(read_framing("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501);
}

TEST(Http1Parser, a_chunked_body_may_come_in_any_pieces) {
  for (const std::string body : {"0\r\n\r\n", "1\r\na\r\n0\r\n\r\n", "0\r\nTrailer: x\r\n\r\n",
                                 "3;x=y\r\nabc\r\n2\r\nde\r\n00\r\n\r\n"}) {
    const std::string request =
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
    for (std::size_t piece = 1; piece <= request.size(); ++piece) {
      EXPECT_EQ(read(request, piece), 0) << body << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace fanfare
