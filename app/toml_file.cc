// app/toml_file.cc: toml++ reads; what leaves here knows nothing of it.
//
// Tools that write TOML turn large integers into 1e+06 (Helm does): a float without a fraction is
// an integer here.
#include "app/toml_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "app/read_file.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

namespace fanfare {
namespace {

uint32_t line_of(const toml::source_region& region) {
  return static_cast<uint32_t>(region.begin.line);
}

void fill_real(double real, TomlValue& value) {
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  const bool whole = std::isfinite(real) && std::trunc(real) == real && std::abs(real) < exact_max;
  value.kind = whole ? TomlKind::integer : TomlKind::real;
  value.text = whole ? fmt::format("{}", static_cast<int64_t>(real)) : fmt::format("{}", real);
}

void fill_integer(const toml::value<int64_t>& integer, TomlValue& value) {
  const bool octal = integer.flags() == toml::value_flags::format_as_octal && integer.get() >= 0;
  value.kind = octal ? TomlKind::octal : TomlKind::integer;
  value.text = octal ? fmt::format("{:03o}", integer.get()) : fmt::format("{}", integer.get());
}

TomlValue value_of(const toml::node& node);

void fill_table(const toml::table& table, TomlValue& value) {
  value.kind = TomlKind::table;
  for (const auto& [key, child] : table) {
    value.members.push_back({std::string(key.str()), line_of(key.source()), value_of(child)});
  }
  std::stable_sort(value.members.begin(), value.members.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
}

TomlValue value_of(const toml::node& node) {
  TomlValue value;
  value.line = line_of(node.source());
  switch (node.type()) {
    case toml::node_type::table:
      fill_table(*node.as_table(), value);
      break;
    case toml::node_type::array:
      value.kind = TomlKind::list;
      for (const auto& item : *node.as_array()) value.items.push_back(value_of(item));
      break;
    case toml::node_type::string:
      value.kind = TomlKind::text;
      value.text = node.as_string()->get();
      break;
    case toml::node_type::integer:
      fill_integer(*node.as_integer(), value);
      break;
    case toml::node_type::floating_point:
      fill_real(node.as_floating_point()->get(), value);
      break;
    case toml::node_type::boolean:
      value.kind = TomlKind::boolean;
      value.text = node.as_boolean()->get() ? "on" : "off";
      break;
    default:
      value.kind = TomlKind::date;
      break;
  }
  return value;
}

// Tables nest as deep as a dotted name has parts, and are taken apart on the stack.
bool nests_too_deep(std::string_view text) {
  std::size_t dots = 0;
  for (const char c : text) {
    if (c == '\n') dots = 0;
    if (c == '.' && ++dots > toml_dots_max) return true;
  }
  return false;
}

}  // namespace

std::string_view name_of(TomlKind kind) {
  switch (kind) {
    case TomlKind::text:
      return "a text";
    case TomlKind::integer:
      return "a whole number";
    case TomlKind::octal:
      return "an octal number";
    case TomlKind::real:
      return "a number with a fraction";
    case TomlKind::boolean:
      return "true or false";
    case TomlKind::date:
      return "a date or time";
    case TomlKind::list:
      return "a list";
    case TomlKind::table:
      return "a table";
  }
  return "unknown";
}

const TomlValue* TomlValue::find(std::string_view name) const {
  for (const TomlMember& member : members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

Result<TomlValue> parse_toml(std::string_view text, std::string_view name) {
  if (text.size() > toml_bytes_max) {
    return Error{fmt::format("{}:1: the file has more than {} bytes", name, toml_bytes_max)};
  }
  if (nests_too_deep(text)) {
    return Error{fmt::format("{}:1: a line has more than {} dots", name, toml_dots_max)};
  }
  try {
    return value_of(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return Error{fmt::format("{}:{}: {}", name, line_of(error.source()), error.description())};
  }
}

Result<TomlValue> read_toml_file(const std::string& path) {
  const auto text = read_file(path, toml_bytes_max);
  if (!text) return Error{text.error()};
  return parse_toml(*text, path);
}

}  // namespace fanfare
