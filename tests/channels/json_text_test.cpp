#include "channels/json_text.hpp"
#include "channels/message.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

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
