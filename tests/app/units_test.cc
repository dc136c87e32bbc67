// tests/app/units_test.cc: amounts are read exactly and printed as they can be read again.
#include "app/units.h"

#include <gtest/gtest.h>

#include "core/bytes.h"

namespace fanfare {
namespace {

using namespace std::chrono_literals;

TEST(Bytes, are_read_with_and_without_a_unit) {
  EXPECT_EQ(*parse_bytes("4096"), 4096u);
  EXPECT_EQ(*parse_bytes("0"), 0u);
  EXPECT_EQ(*parse_bytes("64MiB"), 64_MiB);
  EXPECT_EQ(*parse_bytes("1MB"), 1'000'000u);
  EXPECT_EQ(*parse_bytes("16KiB"), 16_KiB);
  EXPECT_EQ(*parse_bytes("2GiB"), 2_GiB);
}

TEST(Bytes, that_are_malformed_or_too_many_are_refused_with_an_example) {
  for (const auto text :
       {"", "-1", "1.5MiB", "1 MiB", "MiB", "1M", "1MiB2", "0x10", "99999999999999GiB"}) {
    const auto bytes = parse_bytes(text);
    EXPECT_FALSE(bytes.has_value()) << text;
    EXPECT_NE(bytes.error().find("bytes"), std::string::npos) << text;
  }
}

TEST(Bytes, are_printed_as_they_are_read) {
  for (const auto text : {"0", "1", "1000", "1KiB", "64MiB", "3GiB", "1025"}) {
    EXPECT_EQ(print_bytes(*parse_bytes(text)), text);
  }
}

TEST(Durations, are_read_in_parts_from_large_to_small) {
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("1h30m"), 90min);
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("2d"), 48h);
  EXPECT_EQ(*parse_duration("0"), 0s);
}

TEST(Durations, without_a_unit_or_out_of_order_are_refused) {
  for (const auto text :
       {"", "30", "s", "-5s", "1.5h", "30s1h", "1h1h", "5 m", "99999999999h", "5mins"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(Durations, are_printed_as_they_are_read) {
  for (const auto text : {"0", "250ms", "30s", "5m", "1h30m", "36h", "1m1s1ms"}) {
    EXPECT_EQ(print_duration(*parse_duration(text)), text);
  }
}

TEST(Counts, are_whole_numbers) {
  EXPECT_EQ(*parse_count("1000"), 1000u);
  for (const auto text : {"", "-1", "1_000", "1,000", "1e3", "18446744073709551616", "+1"}) {
    EXPECT_FALSE(parse_count(text).has_value()) << text;
  }
}

TEST(OnOff, knows_the_usual_words) {
  EXPECT_TRUE(*parse_on_off("on"));
  EXPECT_FALSE(*parse_on_off("false"));
  EXPECT_FALSE(parse_on_off("maybe").has_value());
}

}  // namespace
}  // namespace fanfare
