// net/http.cc: fields of requests, answers, and the names of hosts.
#include "net/http.h"

#include <algorithm>

#include "core/decimal.h"

namespace fanfare {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

std::string_view HttpRequest::field(std::string_view name) const {
  for (const HttpField& f : fields) {
    if (f.name == name) return f.value;
  }
  return {};
}

bool HttpRequest::has_field(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const HttpField& f) { return f.name == name; });
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

void append_answer(std::string& out, const HttpAnswer& answer) {
  const bool bodiless = answer.status == 204 || answer.status == 304;
  out += "HTTP/1.1 ";
  append_decimal(out, answer.status);
  out += ' ';
  out += reason_phrase(answer.status);
  out += "\r\n";
  if (!answer.content_type.empty()) {
    out += "Content-Type: ";
    out += answer.content_type;
    out += "\r\n";
  }
  // A HEAD's length would be that of the GET's body; where there is none to say, it is not said.
  if (!bodiless && !(answer.head_only && answer.body.empty())) {
    out += "Content-Length: ";
    append_decimal(out, answer.body.size());
    out += "\r\n";
  }
  if (!answer.keep_alive) {
    out += "Connection: close\r\n";
  } else if (answer.minor == 0) {
    out += "Connection: keep-alive\r\n";
  }
  out += answer.fields;
  out += "\r\n";
  if (!bodiless && !answer.head_only) out += answer.body;
}

std::string_view host_without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == host.npos ? host : host.substr(1, end - 1);
  }
  const std::size_t colon = host.rfind(':');
  const bool bare_ipv6 = colon != host.npos && host.find(':') != colon;
  return colon == host.npos || bare_ipv6 ? host : host.substr(0, colon);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool is_loopback_name(std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name.ends_with('.')) name.remove_suffix(1);
  constexpr std::string_view domain = ".localhost";
  if (same_name(name, "localhost") || name == "::1") return true;
  if (name.size() > domain.size() && same_name(name.substr(name.size() - domain.size()), domain))
    return true;
  // 127.0.0.0/8, and no name that only begins like it: 127.0.0.1.example.com is another's.
  return name.starts_with("127.") && std::count(name.begin(), name.end(), '.') == 3 &&
         name.find_first_not_of("0123456789.") == name.npos;
}

}  // namespace fanfare
