// tests/app/toml_file_test.cc: the tree keeps lines, and a bad file is named with its line.
#include "app/toml_file.h"

#include <gtest/gtest.h>

#include "tests/app/temporary_file.h"

namespace fanfare {
namespace {

TEST(TomlFile, values_keep_their_kind_text_and_line) {
  const auto root = parse_toml(
      "a = 1\nb = \"x\"\nc = [\"p\", 2]\n[d]\ne = true\nf = 1.5\ng = 0o660\nh = 1979-05-27\n", "f");
  ASSERT_TRUE(root.has_value()) << root.error();
  EXPECT_EQ(root->find("a")->kind, TomlKind::integer);
  EXPECT_EQ(root->find("b")->text, "x");
  EXPECT_EQ(root->find("b")->line, 2u);
  EXPECT_EQ(root->find("c")->items[1].text, "2");
  const TomlValue* d = root->find("d");
  EXPECT_EQ(d->find("e")->text, "on");
  EXPECT_EQ(d->find("f")->kind, TomlKind::real);
  EXPECT_EQ(d->find("g")->kind, TomlKind::octal);
  EXPECT_EQ(d->find("g")->text, "660");
  EXPECT_EQ(d->find("h")->kind, TomlKind::date);
  EXPECT_EQ(d->find("nothing"), nullptr);
}

TEST(TomlFile, a_whole_float_is_the_integer_that_a_template_tool_made_it_of) {
  const auto root = parse_toml("a = 1e+06\n", "f");
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(root->find("a")->kind, TomlKind::integer);
  EXPECT_EQ(root->find("a")->text, "1000000");
}

TEST(TomlFile, a_fault_is_named_with_file_and_line) {
  const auto root = parse_toml("a = 1\nb = = 2\n", "fanfare.toml");
  ASSERT_FALSE(root.has_value());
  EXPECT_TRUE(root.error().starts_with("fanfare.toml:2: ")) << root.error();
  EXPECT_TRUE(parse_toml("a = 1\na = 2\n", "f").error().starts_with("f:2: "));
}

TEST(TomlFile, deep_and_large_files_are_refused_before_they_are_parsed) {
  std::string deep = "a";
  for (int i = 0; i < 1000; ++i) deep += ".a";
  EXPECT_FALSE(parse_toml(deep + " = 1", "f").has_value());
  EXPECT_FALSE(parse_toml("a = " + std::string(5000, '['), "f").has_value());
  EXPECT_FALSE(parse_toml(std::string(toml_bytes_max + 1, '#'), "f").has_value());
}

TEST(TomlFile, a_missing_file_is_named) {
  EXPECT_EQ(read_toml_file("/nonexistent/f.toml").error(),
            "cannot read /nonexistent/f.toml: No such file or directory");
  EXPECT_FALSE(read_toml_file("/tmp").has_value());
  const TemporaryFile file("a = 1\n");
  EXPECT_TRUE(read_toml_file(file.path()).has_value());
}

}  // namespace
}  // namespace fanfare
