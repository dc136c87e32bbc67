// tests/fuzz/proxy_fuzz.cc: any bytes as a header of the PROXY protocol and as a list of forwarded
// addresses.
//
// What is taken must lie within the input, a shorter input must never be taken as more, and an
// address that was read must be one that can be written and read again.
#include <cstdint>
#include <string>
#include <string_view>

#include "broker/forwarded.h"
#include "core/check.h"
#include "net/proxy_protocol.h"

namespace {

using namespace fanfare;
using Step = ProxyHeader::Step;

void check_again(const SocketAddress& address) {
  const auto again = parse_forwarded_address(address.text());
  CHECK(again.has_value());
  CHECK(again->text() == address.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader header = read_proxy_header(bytes);
  if (header.step == Step::done) {
    CHECK_LE(header.used, size);
    CHECK_GE(header.used, 8U);
    if (header.source) check_again(*header.source);
    const ProxyHeader exact = read_proxy_header(bytes.substr(0, header.used));
    CHECK(exact.step == Step::done);
    CHECK_EQ(exact.used, header.used);
    CHECK(read_proxy_header(bytes.substr(0, header.used - 1)).step != Step::done);
  } else if (header.step == Step::more) {
    CHECK_LE(size, proxy_header_bytes_max + 16);
  } else {
    CHECK(!header.why.empty());
  }
  const std::string networks[] = {"10.0.0.0/8", "fd00::/8"};
  const TrustedProxies trusted(networks);
  for (const std::string_view name : {"x-forwarded-for", "forwarded"}) {
    const HttpField fields[] = {{name, bytes}};
    HttpRequest request;
    request.fields = fields;
    if (const auto client = forwarded_client(request, trusted)) check_again(*client);
  }
  (void)IpNetwork::parse(bytes);
  return 0;
}
