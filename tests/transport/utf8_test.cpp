#include "transport/detail/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::transport::detail {
namespace {

TEST(utf8, every_character_from_the_first_to_the_last_of_its_length_is_good) {
  for (const char* good :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
        "a\xc3\xa9z\xf0\x9f\x94\xa5"})
    EXPECT_TRUE(is_utf8(good)) << good;
  EXPECT_TRUE(is_utf8(std::string(1, '\0')));
}

TEST(utf8, what_is_cut_overlong_a_surrogate_or_past_the_last_is_bad) {
  for (const char* bad :
       {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0",
        "\xe0\x9f\xbf", "\xe2\x82", "\xe2\x82z", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf0\x9f\x94", "\xf0\x9f\x94z", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "good\xffgood"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

} // namespace
} // namespace bennu::transport::detail
