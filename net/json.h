// net/json.h: reads JSON and keeps the text of what it reads; the one file that includes simdjson.
//
// Thread: its worker's; one reader a worker, so that its memory is reused.
// Every byte is checked, at any depth: what is accepted is JSON by RFC 8259 in valid UTF-8. Numbers
// are checked for form and never converted: 1e400, -0 and a hundred digits are fine and survive
// byte for byte. A lone surrogate escape
// (\ud800) is JSON by its grammar: inside a value it is kept as it is written; in a string that is
// decoded it is refused, because it has no UTF-8. The text needs no padding behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/text_arena.h"

namespace fanfare {

enum class JsonKind : uint8_t { object, array, string, number, boolean, null };

struct JsonValue {
  JsonKind kind{};
  std::string_view
      text;  // its own text less insignificant white space; a string with its quotes and escapes
  std::string_view string;  // kind string: decoded, valid UTF-8; may hold NUL
  uint32_t token = 0;       // where it begins, for strings_of()
};

struct JsonMember {
  std::string_view name;  // decoded
  JsonValue value;
};

struct JsonFault {
  std::string what;    // "expected ':' after the name \"data\""
  std::size_t at = 0;  // byte offset in the text
  std::string name;    // of the member at fault, decoded; empty: none
};

class JsonReader {
 public:
  static constexpr std::size_t depth_max = 128;    // arrays and objects in one another
  static constexpr std::size_t members_max = 128;  // of an object that is read as members

  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // All return false when the text is not what was asked for: then fault() says what and where.
  // Views in the results look into `text` and `arena`, and hold as long as both do. `arena` is not
  // cleared.

  // Any one value.
  bool read_value(std::string_view text, TextArena& arena, JsonValue& out);

  // One object; members() then. A name twice is a fault (of this object; those inside values are
  // data).
  bool read_object(std::string_view text, TextArena& arena);

  // One array of objects: open_array(), then next_object() until it is not `object`. The text must
  // stay until then.
  enum class Next : uint8_t { object, end, fault };
  bool open_array(std::string_view text);
  Next next_object(TextArena& arena);
  std::size_t index() const {
    return index_;
  }  // of the object read, or that the fault is in, from 0

  std::span<const JsonMember> members() const { return members_; }
  // The whole object read last, compact.
  std::string_view object_text(TextArena& arena) const;
  // What the first byte that is not white space says it is; `null` kind for nothing at all.
  static bool looks_like_array(std::string_view text);

  // The strings of an array of strings, decoded. `array` is a value of the latest read_object() or
  // next_object(). False (and no fault()) if an element is not a string; a fault() if one cannot be
  // decoded.
  bool strings_of(const JsonValue& array, TextArena& arena, std::vector<std::string_view>& out);

  const JsonFault& fault() const { return fault_; }

  std::size_t memory_bytes() const;

 private:
  struct Tokens;

  bool open(std::string_view text);
  bool read_members(uint32_t& token, TextArena& arena);
  bool read_member(uint32_t& token, TextArena& arena);
  bool take_value(uint32_t& token, TextArena& arena, JsonValue& out);
  bool decode(uint32_t token, TextArena& arena, std::string_view& out);
  bool nothing_follows(uint32_t token);

  bool skip_value(uint32_t& token, std::size_t depth);
  bool skip_array(uint32_t& token, std::size_t depth);
  bool skip_object(uint32_t& token, std::size_t depth);
  bool check_scalar(uint32_t token);
  bool check_escapes(uint32_t token);

  char at(uint32_t token) const;
  std::size_t begin_of(uint32_t token) const;
  std::string_view text_of_token(uint32_t token) const;
  std::string_view compact(uint32_t first, uint32_t after, TextArena& arena) const;
  bool fail(std::string what, std::size_t at);
  bool fail_expected(std::string_view expected, uint32_t token);
  bool fail_before_tokens(int error);

  std::unique_ptr<Tokens> tokens_;
  std::string_view text_;
  std::vector<JsonMember> members_;
  JsonFault fault_;
  std::size_t index_ = 0;
  uint32_t object_first_ = 0, object_after_ = 0;  // tokens of the object read last
  uint32_t next_token_ = 0;                       // where next_object() goes on
};

bool is_valid_utf8(std::string_view text);

// Valid JSON less its insignificant white space, so that it stands on one line.
void append_compact_json(std::string& out, std::string_view json);

}  // namespace fanfare
