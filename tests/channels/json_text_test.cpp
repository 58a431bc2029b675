#include "channels/detail/plain_json.hpp"
#include "channels/json_text.hpp"
#include "channels/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>

namespace bennu::channels {
namespace {

/// What append_json threw; empty when it did not.
std::string failure_of(const json& x) {
  try {
    to_json_text(x);
  } catch (const json::exception& e) {
    return e.what();
  }
  return {};
}

std::string failure_of_dump(const json& x) {
  try {
    x.dump();
  } catch (const json::exception& e) {
    return e.what();
  }
  return {};
}

std::string utf8(char32_t c) {
  const auto byte = [](char32_t x) { return static_cast<char>(x); };
  if (c < 0x80)
    return {byte(c)};
  if (c < 0x800)
    return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000)
    return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)),
            byte(0x80 | (c & 0x3F))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)),
          byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
}

// The library's own text is the judge.
TEST(json_text, values_are_written_as_the_library_writes_them) {
  const json all[] = {
    nullptr,
    true,
    false,
    0,
    -1,
    std::numeric_limits<std::int64_t>::min(),
    std::numeric_limits<std::uint64_t>::max(),
    0.1,
    -1e300,
    1.0,
    std::numeric_limits<double>::infinity(),
    "",
    "plain",
    "\"\\/\b\f\n\r\t\x01\x1f\x7f",
    json::array(),
    json::object(),
    {{"b", {1, 2, {{"c", nullptr}}}}, {"a", "ä€𝄞"}, {"", json::array()}},
  };
  for (const auto& x : all)
    EXPECT_EQ(to_json_text(x), x.dump());
}

TEST(json_text, every_code_point_is_written_as_the_library_writes_it) {
  for (char32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 97) {
    const json x = "a" + utf8(c) + "z";
    if (c >= 0xD800 && c <= 0xDFFF)
      EXPECT_NE(failure_of(x), "") << std::uint32_t{c};
    else
      EXPECT_EQ(to_json_text(x), x.dump()) << std::uint32_t{c};
  }
}

TEST(json_text, bytes_that_are_no_utf8_are_refused_as_the_library_does) {
  std::mt19937 random{1};
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 6, ' ');
    for (auto& c : text)
      c = static_cast<char>(random() % 2 ? random() : 0x80 | random());
    EXPECT_EQ(failure_of(text), failure_of_dump(text));
  }
}

/// What the library's own parser makes of it; nothing where it finds a fault.
std::optional<json> parsed_by_library(const std::string& text) {
  auto x = json::parse(text, nullptr, false);
  return x.is_discarded() ? std::nullopt : std::optional{std::move(x)};
}

std::optional<json> parsed(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const malformed_frame&) {
    return {};
  }
}

/// JSON that says what kind of number each is.
std::string shown(const json& x) {
  std::string out =
    std::string{x.type_name()} + std::to_string(static_cast<int>(x.type()));
  if (!x.is_structured())
    return out + x.dump();
  for (const auto& [key, value] : x.items())
    out += " " + key + "=" + shown(value);
  return out + ";";
}

TEST(json_text, is_read_as_the_library_reads_it) {
  const std::string long_text(20'000, 'x');
  const std::string all[] = {
    "null",
    "true",
    " false ",
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "1.0",
    "1e2",
    "1E400",
    "1e-400",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "0.1",
    "2.2250738585072011e-308",
    "01",
    "+1",
    ".5",
    "1.",
    "NaN",
    R"("")",
    R"("plain")",
    R"("\"\\\/\b\f\n\r\t")",
    R"("\u00e4\ud834\udd1e")",
    R"("\ud834")",
    R"("\udd1e")",
    R"("\x")",
    "\"\t\"",
    "\"\xff\"",
    "\"ä€𝄞\"",
    "\xEF\xBB\xBF{}",
    "",
    " ",
    "[",
    "[]",
    "[1,]",
    "[1,[2,[3,null]],{}]",
    "{}",
    "{} {}",
    R"({"a":1,"b":{"c":[true]},"a":2})",
    R"({"a":{"x":1},"a":{"y":2}})",
    R"({"b":1,"a":2,"":3})",
    R"({a:1})",
    R"({"a":1)",
    "\"" + long_text + "\"",
    R"({"long":")" + long_text + R"("})",
  };
  for (const auto& text : all) {
    const auto wanted = parsed_by_library(text);
    const auto got = parsed(text);
    ASSERT_EQ(got.has_value(), wanted.has_value()) << text;
    if (wanted) {
      EXPECT_EQ(shown(*got), shown(*wanted)) << text;
    }
  }
}

TEST(json_text, a_fault_is_told_with_its_place) {
  try {
    parse_json(R"({"a":1,})");
    FAIL() << "a comma too many";
  } catch (const malformed_frame& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("column 8"));
  }
}

TEST(json_text, may_nest_as_deep_as_said_and_no_deeper) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(parse_json(nested(3), 3));
  EXPECT_THROW(parse_json(nested(4), 3), malformed_frame);
  EXPECT_NO_THROW(parse_json(nested(json_depth_max)));
  EXPECT_THROW(parse_json(nested(json_depth_max + 1)), malformed_frame);
  EXPECT_THROW(parse_json(R"({"a":{}})", 1), malformed_frame);
}

// At the limit and one past it: either parser may be the one.
TEST(json_text, is_the_same_whichever_parser_reads_it) {
  for (const auto size : {detail::plain_json_max, detail::plain_json_max + 1}) {
    const auto text = "[\"" + std::string(size - 4, 'x') + "\"]";
    ASSERT_EQ(text.size(), size);
    EXPECT_EQ(detail::read_plain_json(text, 1).has_value(),
              size <= detail::plain_json_max);
    EXPECT_EQ(parse_json(text), json::parse(text));
  }
}

TEST(json_text, a_nul_byte_is_no_end) {
  using namespace std::string_literals;
  for (const auto& text : {"{}\0"s, "{}\0]"s, "\0{}"s, "\"a\0b\""s})
    EXPECT_THROW(parse_json(text), malformed_frame);
  EXPECT_EQ(parse_json(R"("a\u0000b")"), json("a\0b"s));
}

TEST(json_text, text_is_appended_behind_what_is_there) {
  std::string to = "x";
  append_json(to, {{"a", 1}});
  append_json_string(to, "b");
  EXPECT_EQ(to, R"(x{"a":1}"b")");
}

} // namespace
} // namespace bennu::channels
