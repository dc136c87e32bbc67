// bench/suite/http_dialect.h: streams by GET or WebSocket, events by POST.
#pragma once

#include "bench/suite/dialect.h"

namespace fanfare::bench {

std::unique_ptr<SubscribeDialect> make_http_subscribe(const Manner& manner, const UrlTemplate& url);
std::unique_ptr<PublishDialect> make_http_publish(const Manner& manner, const UrlTemplate& url);

// One HTTP/1.1 answer at the start of `received`, with Content-Length or chunks.
Answer read_http_answer(std::string_view received);

}  // namespace fanfare::bench
