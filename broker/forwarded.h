// broker/forwarded.h: who a request is from when it came through proxies that are trusted.
//
// Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "net/http.h"
#include "net/ip_network.h"

namespace fanfare {

// The client of a request that a trusted proxy has passed on: the last address of X-Forwarded-For
// (or, where there is none, of Forwarded) that is not itself a trusted proxy. What stands before it
// was written by the client and is not believed. Nothing: the fields say nothing that can be used.
std::optional<SocketAddress> forwarded_client(const HttpRequest& request,
                                              const TrustedProxies& trusted);

// The host that the client asked for: X-Forwarded-Host, the first of a list; empty: not said.
std::string_view forwarded_host(const HttpRequest& request);
// X-Forwarded-Proto, if it is https or http; else empty.
std::string_view forwarded_scheme(const HttpRequest& request);

}  // namespace fanfare
