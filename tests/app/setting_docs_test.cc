// tests/app/setting_docs_test.cc: docs/CONFIGURATION.md is what the table says.
#include "app/setting_docs.h"

#include <gtest/gtest.h>

#include "app/read_file.h"

namespace fanfare {
namespace {

TEST(SettingDocs, the_file_is_in_step_with_the_table) {
  const auto file = read_file(FANFARE_SOURCE_DIR "/docs/CONFIGURATION.md", 1 << 20);
  ASSERT_TRUE(file.has_value()) << file.error();
  EXPECT_TRUE(*file == configuration_docs())
      << "docs/CONFIGURATION.md is out of date. Make it anew: fanfare check --print-docs > "
         "docs/CONFIGURATION.md";
}

}  // namespace
}  // namespace fanfare
