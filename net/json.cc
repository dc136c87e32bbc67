// net/json.cc: simdjson finds the tokens and checks UTF-8; the grammar is walked here.
//
// Neither of simdjson's own front ends fits: the DOM converts numbers (1e400 is an error to it, and
// a long number loses its digits) and forgets their text, and On-Demand does not check what nobody
// looks at. So only its first stage is used: the SIMD pass that yields where each token begins. It
// needs no padding, as it copies the last 64 bytes.
#include "net/json.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "core/bytes.h"
#include "core/check.h"
#include "net/json_grammar.h"
#include "net/utf8.h"

namespace fanfare {
namespace {

constexpr std::size_t text_bytes_max = 1_GiB;  // offsets are 32 bits wide
constexpr std::size_t capacity_min = 8_KiB;    // the token table takes 4 bytes per byte of text
constexpr std::size_t kept_capacity_max = 256_KiB;  // one large text must not hold memory for ever

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
std::string_view trim_end(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string show_character(std::string_view text, std::size_t at) {
  const Utf8Character character = utf8_at(text, at);
  if (character.code > 0x20 && character.code < 0x7F) return fmt::format("'{}'", text[at]);
  return fmt::format("U+{:04X}", static_cast<uint32_t>(character.code));
}

}  // namespace

struct JsonReader::Tokens {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
  std::size_t capacity = 0;

  uint32_t count() const { return stage->n_structural_indexes; }
  uint32_t begin(uint32_t token) const { return stage->structural_indexes[token]; }

  void fit(std::size_t bytes) {
    const bool oversized = capacity > kept_capacity_max && bytes <= capacity_min;
    if (bytes <= capacity && !oversized) return;
    std::size_t wanted = capacity_min;
    while (wanted < bytes) wanted *= 2;
    CHECK_EQ(static_cast<int>(stage->set_capacity(wanted)), 0);  // fails only without memory
    capacity = wanted;
  }
};

JsonReader::JsonReader() : tokens_(std::make_unique<Tokens>()) {
  const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
      capacity_min, depth_max, tokens_->stage);
  CHECK_EQ(static_cast<int>(error), 0);
  tokens_->capacity = capacity_min;
}

JsonReader::~JsonReader() = default;

std::size_t JsonReader::memory_bytes() const {
  return sizeof *this + tokens_->capacity * sizeof(uint32_t) +
         members_.capacity() * sizeof(JsonMember);
}

// ---- Tokens: begin_of(count) is the end of the text, so each token ends before the next one
// begins.

char JsonReader::at(uint32_t token) const {
  return token < tokens_->count() ? text_[tokens_->begin(token)] : '\0';
}

std::size_t JsonReader::begin_of(uint32_t token) const {
  return token < tokens_->count() ? tokens_->begin(token) : text_.size();
}

std::string_view JsonReader::text_of_token(uint32_t token) const {
  const std::size_t begin = begin_of(token);
  return trim_end(text_.substr(begin, begin_of(token + 1) - begin));
}

std::string_view JsonReader::compact(uint32_t first, uint32_t after, TextArena& arena) const {
  const std::size_t begin = begin_of(first);
  const std::string_view whole = trim_end(text_.substr(begin, begin_of(after) - begin));
  uint32_t token = first;
  while (token + 1 < after && !is_space(text_[begin_of(token + 1) - 1])) ++token;
  if (token + 1 >= after) return whole;
  char* const out = arena.take(whole.size());
  std::size_t used = 0;
  for (token = first; token < after; ++token) {
    const std::string_view part = text_of_token(token);
    std::memcpy(out + used, part.data(), part.size());
    used += part.size();
  }
  arena.give_back(whole.size() - used);
  return {out, used};
}

// ---- Faults

bool JsonReader::fail(std::string what, std::size_t where) {
  fault_ = {std::move(what), where, {}};
  return false;
}

bool JsonReader::fail_expected(std::string_view expected, uint32_t token) {
  const std::size_t where = begin_of(token);
  if (token >= tokens_->count()) {
    return fail(fmt::format("the text ends where {} is expected", expected), where);
  }
  return fail(fmt::format("expected {}, found {}", expected, show_character(text_, where)), where);
}

// The first stage says only that something is wrong. This finds where.
bool JsonReader::fail_before_tokens(int error) {
  if (error == simdjson::EMPTY) return fail("there is no value", 0);
  if (const auto bad = find_invalid_utf8(text_)) return fail("not valid UTF-8", *bad);
  std::size_t quote = text_.npos;  // of the string that is open
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '"') {
      quote = quote == text_.npos ? i : text_.npos;
    } else if (quote != text_.npos && text_[i] == '\\') {
      ++i;
    } else if (quote != text_.npos && static_cast<unsigned char>(text_[i]) < 0x20) {
      return fail(fmt::format("a string holds the control character {} as it is: write it as \\n, "
                              "\\t or \\u00XX",
                              show_character(text_, i)),
                  i);
    }
  }
  if (quote != text_.npos) return fail("a string has no closing quote", quote);
  return fail("not JSON", 0);
}

// ---- The grammar

bool JsonReader::open(std::string_view text) {
  text_ = text;
  members_.clear();
  index_ = 0;
  next_token_ = 0;
  object_first_ = object_after_ = 0;
  tokens_->stage->n_structural_indexes = 0;
  if (text.size() > text_bytes_max) return fail("the text is longer than 1 GiB", text_bytes_max);
  if (text.starts_with("\xEF\xBB\xBF")) {
    return fail("the text begins with a byte order mark: save it without one", 0);
  }
  if (text.empty()) return fail("there is no value", 0);
  tokens_->fit(text.size());
  const auto error = tokens_->stage->stage1(reinterpret_cast<const uint8_t*>(text.data()),
                                            text.size(), simdjson::stage1_mode::regular);
  if (error == simdjson::SUCCESS) return true;
  tokens_->stage->n_structural_indexes = 0;
  return fail_before_tokens(error);
}

bool JsonReader::check_escapes(uint32_t token) {
  const std::string_view whole = text_of_token(token);
  const std::size_t begin = begin_of(token);
  if (whole.size() < 2 || whole.back() != '"') {
    return fail("a string has no closing quote", begin);
  }
  const std::string_view inside = whole.substr(1, whole.size() - 2);
  for (std::size_t i = inside.find('\\'); i != inside.npos; i = inside.find('\\', i)) {
    const std::string_view rest = inside.substr(i + 1);
    if (rest.starts_with('u') && has_hex4(rest.substr(1))) {
      i += 6;
    } else if (!rest.empty() && simple_json_escape(rest[0]) != 0) {
      i += 2;
    } else {
      return fail("an unknown escape: after \\ stands one of \"\\/bfnrt or u and four hex digits",
                  begin + 1 + i);
    }
  }
  return true;
}

bool JsonReader::check_scalar(uint32_t token) {
  const char first = at(token);
  if (first == '"') return check_escapes(token);
  const std::string_view text = text_of_token(token);
  if (first == '-' || (first >= '0' && first <= '9')) {
    return is_json_number(text) || fail("a number is malformed", begin_of(token));
  }
  if (text == "true" || text == "false" || text == "null") return true;
  return fail_expected("a value (a string needs \" around it)", token);
}

bool JsonReader::skip_array(uint32_t& token, std::size_t depth) {
  if (at(++token) == ']') return ++token, true;
  while (true) {
    if (!skip_value(token, depth + 1)) return false;
    if (at(token) == ']') return ++token, true;
    if (at(token) != ',') return fail_expected("',' or ']'", token);
    ++token;
  }
}

bool JsonReader::skip_object(uint32_t& token, std::size_t depth) {
  if (at(++token) == '}') return ++token, true;
  while (true) {
    if (at(token) != '"') return fail_expected("a name in quotes", token);
    if (!check_escapes(token)) return false;
    if (at(++token) != ':') return fail_expected("':'", token);
    if (!skip_value(++token, depth + 1)) return false;
    if (at(token) == '}') return ++token, true;
    if (at(token) != ',') return fail_expected("',' or '}'", token);
    ++token;
  }
}

// Checks the value that begins at `token` and moves past it. `depth` counts what is open around it.
bool JsonReader::skip_value(uint32_t& token, std::size_t depth) {
  const char first = at(token);
  if (first != '{' && first != '[') return check_scalar(token) && (++token, true);
  if (depth >= depth_max) {
    return fail(fmt::format("nested more than {} deep", depth_max), begin_of(token));
  }
  return first == '{' ? skip_object(token, depth) : skip_array(token, depth);
}

bool JsonReader::nothing_follows(uint32_t token) {
  return token == tokens_->count() || fail_expected("nothing more after the value", token);
}

// ---- What is handed out

bool JsonReader::decode(uint32_t token, TextArena& arena, std::string_view& out) {
  const std::string_view whole = text_of_token(token);
  const std::string_view inside = whole.substr(1, whole.size() - 2);
  std::size_t escape = inside.find('\\');
  out = inside;
  if (escape == inside.npos) return true;
  char* const to = arena.take(inside.size());  // an escape is never shorter than what it stands for
  std::size_t used = 0;
  for (std::size_t from = 0; from < inside.size();) {
    escape = std::min(inside.find('\\', from), inside.size());
    std::memcpy(to + used, inside.data() + from, escape - from);
    used += escape - from;
    from = escape;
    if (from == inside.size()) break;
    if (inside[from + 1] != 'u') {
      to[used++] = simple_json_escape(inside[from + 1]);
      from += 2;
      continue;
    }
    const UnicodeEscape escaped = read_unicode_escape(inside.substr(from));
    if (escaped.bytes == 0) {
      return fail("an escape names half of a surrogate pair, which is no character",
                  begin_of(token) + 1 + from);
    }
    used += write_utf8(escaped.code, to + used);
    from += escaped.bytes;
  }
  arena.give_back(inside.size() - used);
  out = {to, used};
  return true;
}

bool JsonReader::take_value(uint32_t& token, TextArena& arena, JsonValue& out) {
  const uint32_t first = token;
  if (!skip_value(token, 1)) return false;
  out.token = first;
  out.string = {};
  out.text = compact(first, token, arena);
  switch (at(first)) {
    case '{':
      out.kind = JsonKind::object;
      return true;
    case '[':
      out.kind = JsonKind::array;
      return true;
    case '"':
      out.kind = JsonKind::string;
      return decode(first, arena, out.string);
    case 't':
    case 'f':
      out.kind = JsonKind::boolean;
      return true;
    case 'n':
      out.kind = JsonKind::null;
      return true;
    default:
      out.kind = JsonKind::number;
      return true;
  }
}

bool JsonReader::read_member(uint32_t& token, TextArena& arena) {
  if (at(token) != '"') return fail_expected("a name in quotes", token);
  const uint32_t name_token = token;
  std::string_view name;
  if (!check_escapes(token) || !decode(token, arena, name)) return false;
  if (at(++token) != ':') return fail_expected("':'", token);
  JsonMember member{name, {}};
  if (!take_value(++token, arena, member.value)) return false;
  const auto same = [&](const JsonMember& other) { return other.name == name; };
  if (std::ranges::any_of(members_, same)) {
    fail("a name stands twice", begin_of(name_token));
    fault_.name = name;
    return false;
  }
  if (members_.size() == members_max) {
    return fail(fmt::format("more than {} members", members_max), begin_of(name_token));
  }
  members_.push_back(member);
  return true;
}

bool JsonReader::read_members(uint32_t& token, TextArena& arena) {
  members_.clear();
  object_first_ = token;
  if (at(token) != '{') return fail_expected("an object", token);
  if (at(++token) == '}') {
    object_after_ = ++token;
    return true;
  }
  while (true) {
    if (!read_member(token, arena)) return false;
    if (at(token) == '}') break;
    if (at(token) != ',') return fail_expected("',' or '}'", token);
    ++token;
  }
  object_after_ = ++token;
  return true;
}

bool JsonReader::read_value(std::string_view text, TextArena& arena, JsonValue& out) {
  uint32_t token = 0;
  return open(text) && take_value(token, arena, out) && nothing_follows(token);
}

bool JsonReader::read_object(std::string_view text, TextArena& arena) {
  uint32_t token = 0;
  return open(text) && read_members(token, arena) && nothing_follows(token);
}

bool JsonReader::open_array(std::string_view text) {
  if (!open(text)) return false;
  if (at(0) != '[') return fail_expected("an array", 0);
  next_token_ = 1;
  return true;
}

JsonReader::Next JsonReader::next_object(TextArena& arena) {
  uint32_t& token = next_token_;
  const bool first = token == 1;
  if (!first) ++index_;
  if (at(token) == ']') {
    return nothing_follows(token + 1) ? Next::end : Next::fault;
  }
  if (!first) {
    if (at(token) != ',') return fail_expected("',' or ']'", token), Next::fault;
    ++token;
  }
  return read_members(token, arena) ? Next::object : Next::fault;
}

std::string_view JsonReader::object_text(TextArena& arena) const {
  return compact(object_first_, object_after_, arena);
}

bool JsonReader::looks_like_array(std::string_view text) {
  const auto first = std::ranges::find_if_not(text, is_space);
  return first != text.end() && *first == '[';
}

bool JsonReader::strings_of(const JsonValue& array, TextArena& arena,
                            std::vector<std::string_view>& out) {
  fault_ = {};
  for (uint32_t token = array.token + 1; at(token) != ']'; ++token) {
    if (at(token) == ',') continue;
    if (at(token) != '"') return false;
    if (!decode(token, arena, out.emplace_back())) return false;
  }
  return true;
}

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

void append_compact_json(std::string& out, std::string_view json) {
  const std::size_t before = out.size();
  out.resize(before + json.size() + simdjson::SIMDJSON_PADDING);
  std::size_t written = 0;
  const auto error = simdjson::minify(json.data(), json.size(), out.data() + before, written);
  out.resize(before + (error == simdjson::SUCCESS ? written : 0));
  if (error != simdjson::SUCCESS) out += json;
}

}  // namespace fanfare
