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
  bool open_array(std::string_view text, TextArena& arena);
  Next next_object(TextArena& arena);
  std::size_t index() const {
    return index_;
  }  // of the object read, or that the fault is in, from 0

  std::span<const JsonMember> members() const { return members_; }
  std::string_view object_text() const { return object_text_; }  // of the object read last, compact

  // What the first byte that is not white space says it is; `null` kind for nothing at all.
  static bool looks_like_array(std::string_view text);

  // The strings of an array of strings, decoded. `array` is a value of the latest read_object() or
  // next_object(). False (and no fault()) if an element is not a string; a fault() if one cannot be
  // decoded.
  bool strings_of(const JsonValue& array, TextArena& arena, std::vector<std::string_view>& out);

  const JsonFault& fault() const { return fault_; }

 private:
  class Walker;
  struct Tokens;

  std::unique_ptr<Tokens> tokens_;
  std::vector<JsonMember> members_;
  std::string_view object_text_;
  JsonFault fault_;
  std::string_view text_;
  std::size_t index_ = 0;
  uint32_t next_token_ = 0;
};

bool is_valid_utf8(std::string_view text);

// Valid JSON less its insignificant white space, so that it stands on one line.
void append_compact_json(std::string& out, std::string_view json);

}  // namespace fanfare
