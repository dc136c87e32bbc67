// tests/net/json_test.cc: JSON is read strictly, and what is read keeps its text byte for byte.
//
// Beside the cases, an oracle: simdjson's DOM, on mutations of valid texts, must agree about what
// is JSON.
#include "net/json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>
#include <string>

#include "net/utf8.h"

namespace fanfare {
namespace {

using namespace std::string_literals;

class Json : public testing::Test {
 protected:
  bool value(std::string_view text) {
    text_ = text;
    return reader_.read_value(text_, arena_, value_);
  }
  bool object(std::string_view text) {
    text_ = text;
    return reader_.read_object(text_, arena_);
  }
  std::string fault() { return reader_.fault().what + "@" + std::to_string(reader_.fault().at); }

  JsonReader reader_;
  TextArena arena_;
  JsonValue value_;
  std::string text_;
};

TEST_F(Json, values_keep_their_text_less_white_space_outside_strings) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"1e400", "1e400"},
      {"-0", "-0"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"0.10000000000000000000000001", "0.10000000000000000000000001"},
      {"1E+5", "1E+5"},
      {" true ", "true"},
      {"\t null\r\n", "null"},
      {R"( { "b" : 1 , "a" : [ 1 , 2 ] , "b" : "x  y" } )", R"({"b":1,"a":[1,2],"b":"x  y"})"},
      {R"(["A\/\ud800 ", "é"])", R"(["A\/\ud800 ","é"])"},
      {"[ ]", "[]"},
      {"{\n}", "{}"},
      {R"("a")", R"("a")"},
  };
  for (const auto& [text, compact] : cases) {
    ASSERT_TRUE(value(text)) << text << ": " << fault();
    EXPECT_EQ(value_.text, compact);
  }
}

TEST_F(Json, strings_are_decoded) {
  ASSERT_TRUE(value(R"("a\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00z\u0000")")) << fault();
  EXPECT_EQ(value_.string, "a\"\\/\b\f\n\r\té€😀z\0"s);
  ASSERT_TRUE(value("\"plain é\""));
  EXPECT_EQ(value_.string, "plain é");
  EXPECT_EQ(value_.string.data(), text_.data() + 1);  // nothing was copied
}

TEST_F(Json, half_a_surrogate_pair_is_kept_in_values_and_refused_in_decoded_strings) {
  EXPECT_TRUE(value(R"({"a":"\ud800"})"));
  for (const auto* text : {R"("\ud800")", R"("\udc00")", R"("\ud800A")", R"("\ud800\ud800")",
                           R"("\udc00\ud800")", R"("x\ud83d")"}) {
    EXPECT_FALSE(value(text)) << text;
    EXPECT_NE(fault().find("surrogate"), std::string::npos) << fault();
  }
}

TEST_F(Json, what_is_wrong_is_said_with_its_place) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "there is no value@0"},
      {"  ", "there is no value@0"},
      {"\xEF\xBB\xBF{}", "the text begins with a byte order mark: save it without one@0"},
      {"{\"a\":1", "the text ends where ',' or '}' is expected@6"},
      {"[1,2", "the text ends where ',' or ']' is expected@4"},
      {"[1 2]", "expected ',' or ']', found '2'@3"},
      {"{\"a\" 1}", "expected ':', found '1'@5"},
      {"{a:1}", "expected a name in quotes, found 'a'@1"},
      {"[1,]", "expected a value (a string needs \" around it), found ']'@3"},
      {"{\"a\":1,}", "expected a name in quotes, found '}'@7"},
      {"hello", "expected a value (a string needs \" around it), found 'h'@0"},
      {"[tru]", "expected a value (a string needs \" around it), found 't'@1"},
      {"01", "a number is malformed@0"},
      {"[1.]", "a number is malformed@1"},
      {"[-]", "a number is malformed@1"},
      {"[1e]", "a number is malformed@1"},
      {"[+1]", "expected a value (a string needs \" around it), found '+'@1"},
      {"{} {}", "expected nothing more after the value, found '{'@3"},
      {"\"a", "a string has no closing quote@0"},
      {"\"a\nb\"",
       "a string holds the control character U+000A as it is: write it as \\n, \\t or \\u00XX@2"},
      {"\"\xFF\"", "not valid UTF-8@1"},
      {"[\"\\x\"]",
       "an unknown escape: after \\ stands one of \"\\/bfnrt or u and four hex digits@2"},
      {"[\"\\u12g4\"]",
       "an unknown escape: after \\ stands one of \"\\/bfnrt or u and four hex digits@2"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_FALSE(value(text)) << text;
    EXPECT_EQ(fault(), expected) << text;
  }
}

TEST_F(Json, nesting_has_a_limit) {
  const std::size_t most = JsonReader::depth_max - 1;  // the value itself counts from one
  EXPECT_TRUE(value(std::string(most, '[') + std::string(most, ']'))) << fault();
  EXPECT_FALSE(value(std::string(most + 1, '[') + std::string(most + 1, ']')));
  EXPECT_FALSE(value(std::string(100'000, '[')));
  EXPECT_EQ(reader_.fault().what, "nested more than 128 deep");
}

TEST_F(Json, an_object_is_read_as_members) {
  ASSERT_TRUE(object(R"( {"topic" : "a", "d\u0061ta": { "x": [1, 2] }, "n": null, "t":true} )"));
  ASSERT_EQ(reader_.members().size(), 4U);
  EXPECT_EQ(reader_.members()[0].name, "topic");
  EXPECT_EQ(reader_.members()[0].value.string, "a");
  EXPECT_EQ(reader_.members()[1].name, "data");
  EXPECT_EQ(reader_.members()[1].value.text, R"({"x":[1,2]})");
  EXPECT_EQ(reader_.members()[2].value.kind, JsonKind::null);
  EXPECT_EQ(reader_.members()[3].value.kind, JsonKind::boolean);
  EXPECT_EQ(reader_.object_text(arena_),
            R"({"topic":"a","d\u0061ta":{"x":[1,2]},"n":null,"t":true})");
  EXPECT_FALSE(object("[]"));
  EXPECT_FALSE(object("{}x"));
}

TEST_F(Json, a_name_twice_is_a_fault_that_names_it) {
  EXPECT_FALSE(object(R"({"a":1,"b":2,"\u0061":3})"));
  EXPECT_EQ(fault(), "a name stands twice@13");
  EXPECT_EQ(reader_.fault().name, "a");
  EXPECT_TRUE(object(R"({"a":{"x":1,"x":2}})"));  // inside a value it is data
}

TEST_F(Json, an_array_yields_its_objects_until_the_faulty_one) {
  const std::string text = R"([ {"a":1}, {"b":[2]}, 3 ])";
  ASSERT_TRUE(reader_.open_array(text));
  ASSERT_EQ(reader_.next_object(arena_), JsonReader::Next::object);
  EXPECT_EQ(reader_.members()[0].name, "a");
  ASSERT_EQ(reader_.next_object(arena_), JsonReader::Next::object);
  EXPECT_EQ(reader_.index(), 1U);
  EXPECT_EQ(reader_.members()[0].value.text, "[2]");
  ASSERT_EQ(reader_.next_object(arena_), JsonReader::Next::fault);
  EXPECT_EQ(reader_.index(), 2U);
  EXPECT_EQ(fault(), "expected an object, found '3'@22");
  for (const auto* bad : {"[{},]", "[{}{}]", "[{}", "[", "[,{}]", "[{}]]"}) {
    ASSERT_TRUE(reader_.open_array(bad));
    JsonReader::Next next;
    while ((next = reader_.next_object(arena_)) == JsonReader::Next::object) {
    }
    EXPECT_EQ(next, JsonReader::Next::fault) << bad;
  }
  ASSERT_TRUE(reader_.open_array(" [ ] "));
  EXPECT_EQ(reader_.next_object(arena_), JsonReader::Next::end);
}

TEST_F(Json, strings_of_an_array) {
  std::vector<std::string_view> out;
  ASSERT_TRUE(object(R"({"t":["a", "b\n"],"u":["a",1],"v":["\ud800"],"w":[]})"));
  EXPECT_TRUE(reader_.strings_of(reader_.members()[0].value, arena_, out));
  EXPECT_EQ(out, (std::vector<std::string_view>{"a", "b\n"}));
  EXPECT_FALSE(reader_.strings_of(reader_.members()[1].value, arena_, out));
  EXPECT_EQ(reader_.fault().what, "");
  EXPECT_FALSE(reader_.strings_of(reader_.members()[2].value, arena_, out));
  EXPECT_NE(reader_.fault().what, "");
  out.clear();
  EXPECT_TRUE(reader_.strings_of(reader_.members()[3].value, arena_, out));
  EXPECT_TRUE(out.empty());
}

TEST_F(Json, a_large_text_does_not_hold_its_memory) {
  const std::string large = "\"" + std::string(4'000'000, 'x') + "\"";
  ASSERT_TRUE(value(large));
  ASSERT_TRUE(value("1"));
  EXPECT_LT(reader_.memory_bytes(), 100'000U);
}

TEST(JsonText, compact_json_has_no_white_space_outside_strings) {
  std::string out = "x";
  append_compact_json(out, "{ \"a b\" : [ 1,\n 2 ] }");
  EXPECT_EQ(out, "x{\"a b\":[1,2]}");
}

TEST(Utf8, invalid_bytes_are_found) {
  const std::pair<std::string_view, int> cases[] = {
      {"", -1},
      {"aé€😀", -1},
      {"a\x80", 1},
      {"\xC0\x80", 0},
      {"\xED\xA0\x80", 0},
      {"\xF4\x90\x80\x80", 0},
      {"ab\xE2\x82", 2},
      {"\xF8\x88\x80\x80\x80", 0},
  };
  for (const auto& [text, at] : cases) {
    EXPECT_EQ(find_invalid_utf8(text).has_value(), at >= 0) << text;
    EXPECT_EQ(is_valid_utf8(text), at < 0) << text;
    if (at < 0) continue;
    EXPECT_EQ(find_invalid_utf8(text), static_cast<std::size_t>(at));
  }
}

// What the DOM refuses although it is JSON: numbers that no double or 64-bit integer holds, half
// surrogate pairs.
bool dom_is_too_strict(simdjson::error_code error, std::string_view text) {
  return error == simdjson::NUMBER_ERROR ||
         (error == simdjson::STRING_ERROR && text.find("\\u") != text.npos);
}

TEST(JsonOracle, agrees_with_the_dom_about_what_is_json) {
  const std::string seeds[] = {
      R"({"topic":"orders/42","data":{"price":17.5,"tags":["a","b\n"],"ok":true,"none":null}})",
      R"([1,-2.5e10,0,[],{},"\u00e9\\",[[[true,false]]],"x y"])",
      R"( { "a" : [ 1 , 2 , { "b" : "c" } ] , "d" : -0.0 } )",
  };
  const std::string_view alphabet = "{}[]:,\"\\ \n\t0123456789.-+eEtrufalsn\x01\x80\xC3\xA9xu";
  std::mt19937_64 random(20240517);
  simdjson::dom::parser dom;
  JsonReader reader;
  TextArena arena;
  std::size_t accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text = seeds[random() % std::size(seeds)];
    for (std::size_t edits = random() % 4; edits-- > 0 && !text.empty();) {
      const std::size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text.erase(at, 1 + random() % 3);
      }
    }
    JsonValue value;
    const bool ours = reader.read_value(text, arena, value);
    const auto theirs = dom.parse(text).error();
    if (theirs == simdjson::SUCCESS) {
      ASSERT_TRUE(ours) << text << " " << reader.fault().what;
    } else if (!dom_is_too_strict(theirs, text)) {
      ASSERT_FALSE(ours) << text << " " << simdjson::error_message(theirs);
    }
    if (ours) {
      std::string compact;
      append_compact_json(compact, text);
      ASSERT_EQ(compact, value.text);
      ++accepted;
    } else {
      ASSERT_LE(reader.fault().at, text.size());
      ASSERT_FALSE(reader.fault().what.empty());
    }
    arena.clear();
  }
  EXPECT_GT(accepted, 50'000U);  // otherwise the mutations prove little
}

}  // namespace
}  // namespace fanfare
