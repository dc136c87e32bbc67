// net/http.h: what an HTTP/1.1 request and answer are, and the small words about hosts and queries
// that both ends share.
//
// Thread: any; values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace fanfare {

enum class Method : uint8_t { get, head, post, put, patch, del, options, other };

struct HttpField {
  std::string_view name;   // lower case
  std::string_view value;  // without white space around it
};

// Views into the memory of the parser that made it.
struct HttpRequest {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view path;   // as sent (percent-encoded); begins with '/', or is "*"
  std::string_view query;  // as sent, without '?'
  // Whom it is for: of an absolute target (RFC 9112, 3.2.2), else the Host field; empty: not said.
  std::string_view authority;
  unsigned minor = 1;  // HTTP/1.minor
  bool keep_alive = true;
  bool expects_continue = false;
  bool upgrade = false;                    // Connection: upgrade with an Upgrade field
  std::optional<uint64_t> content_length;  // nothing if chunked or no body
  bool chunked = false;
  std::span<const HttpField> fields;

  // The value of the first field of that name (lower case); empty if none.
  std::string_view field(std::string_view name) const;
  bool has_field(std::string_view name) const;
};

struct HttpAnswer {
  unsigned status = 200;
  unsigned minor = 1;  // of the request
  bool keep_alive = true;
  bool head_only = false;  // the request was HEAD: Content-Length is said, the body is not sent
  std::string_view content_type;  // empty: none
  std::string_view fields;        // further ones, each complete with CR LF
  std::string_view body;          // 204 and 304 have none
};
// Appends status line, Content-Length, Connection (where it differs from the version's default),
// the fields and the body.
void append_answer(std::string& out, const HttpAnswer& answer);
std::string_view reason_phrase(unsigned status);

struct QueryParameter {
  std::string name, value;  // decoded
};
// application/x-www-form-urlencoded, in order; "a" and "a=" both have an empty value; empty pairs
// are passed over. Nothing if a percent sign is not followed by two hex digits; `bad`, if given, is
// then the part at fault.
std::optional<std::vector<QueryParameter>> parse_query(std::string_view query,
                                                       std::string* bad = nullptr);
// Percent-decoded once ('+' stays); nothing if malformed.
std::optional<std::string> percent_decode(std::string_view text);
// Everything but unreserved characters of RFC 3986 becomes %XX.
std::string percent_encode(std::string_view text);

// The offer with the highest q in an Accept field; among equals the first offer; nothing if none is
// acceptable. An empty or absent field accepts all. Parameters of media ranges but q are ignored.
std::optional<std::size_t> choose_media(std::string_view accept,
                                        std::span<const std::string_view> offers);

// "localhost:8080" -> "localhost", "[::1]:80" -> "::1".
std::string_view host_without_port(std::string_view host);
// localhost, *.localhost, 127.0.0.0/8, ::1 (with or without brackets).
bool is_loopback_name(std::string_view name);
// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text);
// Equal but for ASCII case.
bool same_name(std::string_view a, std::string_view b);

}  // namespace fanfare
