// broker/page_route.cc: the pages inside the binary, ten lines for curl, and the problems
// explained.
#include "broker/page_route.h"

#include <array>

#include <fmt/format.h>

#include "broker/forwarded.h"
#include "broker/pages.h"
#include "broker/problem.h"

namespace fanfare {
namespace {

std::string page_fields() {
  return fmt::format(
      "Content-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\n"
      "Referrer-Policy: no-referrer\r\nCache-Control: no-cache\r\nVary: Accept\r\n",
      pages_policy);
}

// A Host is the client's word: only what is surely harmless is shown again.
bool is_plain_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 &&
         host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") ==
             std::string_view::npos;
}

std::string front_text(std::string_view url) {
  return fmt::format(
      "Fanfare: publish an event once, every open stream that asked for it has it.\n"
      "\n"
      "  read      curl -N {0}/topics/hello\n"
      "  publish   curl -d 'Hello, world' {0}/topics/hello\n"
      "  replay    curl -N '{0}/topics/hello?since=earliest'\n"
      "\n"
      "A pattern reads many topics: 'orders/*' one segment, 'orders/**' all below.\n"
      "In a browser: new EventSource('{0}/topics/hello')\n"
      "Topics that exist: {0}/topics\n",
      url);
}

}  // namespace

void PageRoute::page(Exchange& exchange, std::string_view path) {
  if (const PageFile* const file = find_page_file(path)) {
    answering_.answer(exchange, 200, file->content_type, file->body, page_fields());
    return;
  }
  not_found(exchange);
}

void PageRoute::front(Exchange& exchange) {
  constexpr auto media = std::to_array<std::string_view>({"text/plain", "text/html"});
  const auto chosen = choose_media(exchange.request.field("accept"), media);
  if (exchange.live.settings.pages_on() && chosen && *chosen == 1)
    return page(exchange, "index.html");
  const bool proxied = exchange.connection.proxied;
  std::string_view host = proxied ? forwarded_host(exchange.request) : std::string_view();
  if (host.empty()) host = exchange.request.field("host");
  const bool https = proxied && forwarded_scheme(exchange.request) == "https";
  const std::string url =
      fmt::format("{}://{}", https ? "https" : "http", is_plain_host(host) ? host : "localhost");
  answering_.answer(exchange, 200, "text/plain; charset=utf-8", front_text(url),
                    "Vary: Accept\r\nCache-Control: no-cache\r\n");
}

void PageRoute::file(Exchange& exchange, std::string_view path) {
  if (!exchange.live.settings.pages_on()) return not_found(exchange);
  page(exchange, path);
}

void PageRoute::topic(Exchange& exchange) {
  page(exchange, "topic.html");
}

void PageRoute::problem(Exchange& exchange, std::string_view slug) {
  for (const ProblemKind& kind : problem_kinds()) {
    if (kind.slug != slug) continue;
    const std::string text = fmt::format("{} ({})\n\n{}\n", kind.title, kind.status, kind.advice);
    answering_.answer(exchange, 200, "text/plain; charset=utf-8", text);
    return;
  }
  not_found(exchange);
}

void PageRoute::not_found(Exchange& exchange) {
  answering_.refuse(exchange,
                    make_fault(404, "not-found",
                               "there is nothing here: topics are at /topics/NAME, several at "
                               "/events?topic=NAME"));
}

}  // namespace fanfare
