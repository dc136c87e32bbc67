// app/toml_file.h: a TOML file as a tree of values with their lines; its .cc alone includes toml++.
//
// Thread: any; pure but for reading the file. Limits: 256 KiB a file, 256 dots a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace fanfare {

constexpr std::size_t toml_bytes_max = 256_KiB;
constexpr std::size_t toml_dots_max = 256;

enum class TomlKind : uint8_t { text, integer, octal, real, boolean, date, list, table };
std::string_view name_of(TomlKind kind);  // "a text", "a list"

struct TomlMember;

struct TomlValue {
  TomlKind kind = TomlKind::table;
  std::string text;  // of a text: itself; of a number or boolean: as a flag would say it; octal:
                     // its octal digits
  uint32_t line = 0;
  std::vector<TomlValue> items;     // of a list
  std::vector<TomlMember> members;  // of a table, in the order of the file

  const TomlValue* find(std::string_view name) const;  // a member; null: none
};

struct TomlMember {
  std::string name;
  uint32_t line = 0;
  TomlValue value;
};

// The root table. An error begins with "<name>:<line>: ".
Result<TomlValue> parse_toml(std::string_view text, std::string_view name);
Result<TomlValue> read_toml_file(const std::string& path);

}  // namespace fanfare
