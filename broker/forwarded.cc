// broker/forwarded.cc: the lists are read from their end, where the trusted proxies wrote.
#include "broker/forwarded.h"

namespace fanfare {
namespace {

// The part after the last `at`, taken off the text.
std::string_view cut_last(std::string_view& text, char at) {
  const std::size_t found = text.rfind(at);
  const std::string_view part = found == text.npos ? text : text.substr(found + 1);
  text = found == text.npos ? std::string_view() : text.substr(0, found);
  return trimmed(part);
}

std::string_view first_of(std::string_view list) {
  return trimmed(list.substr(0, list.find(',')));
}

// "for=192.0.2.7;proto=https;by=..." -> "192.0.2.7"; quotes go (RFC 7239).
std::string_view for_of(std::string_view element) {
  while (!element.empty()) {
    const std::string_view pair = cut_last(element, ';');
    if (pair.size() <= 4 || !same_name(pair.substr(0, 4), "for=")) continue;
    std::string_view node = pair.substr(4);
    if (node.size() >= 2 && node.front() == '"' && node.back() == '"')
      node = node.substr(1, node.size() - 2);
    return node;
  }
  return {};
}

enum class Form : uint8_t { plain, pairs };

std::optional<SocketAddress> last_untrusted(const HttpRequest& request, std::string_view name,
                                            Form form, const TrustedProxies& trusted) {
  std::optional<SocketAddress> nearest;
  for (std::size_t i = request.fields.size(); i-- > 0;) {
    if (request.fields[i].name != name) continue;
    std::string_view list = request.fields[i].value;
    while (!list.empty()) {
      const std::string_view part = cut_last(list, ',');
      const auto address = parse_forwarded_address(form == Form::pairs ? for_of(part) : part);
      if (!address) return nearest;
      nearest = address;
      if (!trusted.trusts(*address)) return nearest;
    }
  }
  return nearest;
}

}  // namespace

std::optional<SocketAddress> forwarded_client(const HttpRequest& request,
                                              const TrustedProxies& trusted) {
  if (request.has_field("x-forwarded-for"))
    return last_untrusted(request, "x-forwarded-for", Form::plain, trusted);
  return last_untrusted(request, "forwarded", Form::pairs, trusted);
}

std::string_view forwarded_host(const HttpRequest& request) {
  return first_of(request.field("x-forwarded-host"));
}

std::string_view forwarded_scheme(const HttpRequest& request) {
  const std::string_view scheme = first_of(request.field("x-forwarded-proto"));
  if (same_name(scheme, "https")) return "https";
  return same_name(scheme, "http") ? "http" : std::string_view();
}

}  // namespace fanfare
