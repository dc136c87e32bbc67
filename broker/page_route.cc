// broker/page_route.cc: the pages inside the binary, ten lines for curl, and the problems
// explained.
#include "broker/page_route.h"

#include <array>

#include <fmt/core.h>

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

// What a client is to write between http:// and the path. A request that names no port came to us
// all the same, through the listener itself or through a proxy of the same machine.
std::string_view host_of(const Exchange& exchange) {
  const DoorInfo& door = exchange.connection.door;
  const std::string_view said = exchange.request.authority;
  const std::string_view name = host_without_port(said);
  const bool has_port = said.size() > name.size() && !said.ends_with(']');
  const bool ours = door.door == Door::loopback && !door.address.empty();
  if (!is_plain_host(said)) return door.door == Door::unix_socket ? "localhost" : door.address;
  return ours && !has_port && is_loopback_name(name) ? door.address : said;
}

// What a client is to write before the path; a trusted proxy says what was written to it.
std::string url_of(const Exchange& exchange) {
  if (!exchange.connection.proxied) return fmt::format("http://{}", host_of(exchange));
  const std::string_view host = forwarded_host(exchange.request);
  const bool https = forwarded_scheme(exchange.request) == "https";
  return fmt::format("{}://{}", https ? "https" : "http",
                     is_plain_host(host) ? host : host_of(exchange));
}

std::string front_text(const Exchange& exchange) {
  const DoorInfo& door = exchange.connection.door;
  constexpr std::string_view unix_prefix = "unix:";
  std::string curl = "curl";
  if (door.address.starts_with(unix_prefix))
    curl += fmt::format(" --unix-socket {}", door.address.substr(unix_prefix.size()));
  return fmt::format(
      "Fanfare: publish an event once, every open stream that asked for it has it.\n"
      "\n"
      "  read      {1} -N {0}/topics/hello\n"
      "  publish   {1} -d 'Hello, world' {0}/topics/hello\n"
      "  replay    {1} -N '{0}/topics/hello?since=earliest'\n"
      "\n"
      "A pattern reads many topics: 'orders/*' one segment, 'orders/**' all below.\n"
      "Any mix in one stream: /events?topic=hello&topic=orders/**\n"
      "In a browser: new EventSource('{0}/topics/hello')\n"
      "Topics that exist: {0}/topics\n",
      url_of(exchange), curl);
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
  if (chosen && *chosen == 1)
    return exchange.live.settings.pages_on() ? page(exchange, "index.html") : not_found(exchange);
  answering_.answer(exchange, 200, "text/plain; charset=utf-8", front_text(exchange),
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
