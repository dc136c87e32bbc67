// net/proxy_protocol.h: the PROXY protocol, versions 1 and 2: what a proxy says of its client
// before the client's first byte.
//
// Pure; any thread. Read only from proxies that are trusted: whoever may send it chooses the
// address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/address.h"

namespace fanfare {

struct ProxyHeader {
  enum class Step : uint8_t {
    more,     // a beginning: call again with more bytes
    done,     // `used` bytes were the header
    refused,  // `why` says what is wrong
  };
  Step step = Step::more;
  std::size_t used = 0;
  std::optional<SocketAddress> source;  // nothing: LOCAL or UNKNOWN, the connection is the proxy's
  std::string_view why;
};

// Of version 2, addresses and what follows them together; a longer header is refused.
constexpr std::size_t proxy_header_bytes_max = 4096;

ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace fanfare
