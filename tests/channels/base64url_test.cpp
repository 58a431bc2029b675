#include "channels/base64url.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::channels {
namespace {

TEST(base64url, encodes_as_rfc_4648_says) {
  EXPECT_EQ(to_base64url(""), "");
  EXPECT_EQ(to_base64url("f"), "Zg");
  EXPECT_EQ(to_base64url("fo"), "Zm8");
  EXPECT_EQ(to_base64url("foo"), "Zm9v");
  EXPECT_EQ(to_base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
}

TEST(base64url, reads_what_it_wrote) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
    EXPECT_EQ(from_base64url(to_base64url(all)), all);
  }
}

TEST(base64url, refuses_what_is_no_such_text) {
  for (const auto* x : {"Z", "Zg==", "Zm9v!", "+/8", "Zh", "Zm9vYmF\n"})
    EXPECT_FALSE(from_base64url(x)) << x;
}

TEST(base64, is_read_with_and_without_padding) {
  EXPECT_EQ(from_base64("Zg=="), "f");
  EXPECT_EQ(from_base64("Zm8="), "fo");
  EXPECT_EQ(from_base64("Zm9v"), "foo");
  EXPECT_EQ(from_base64("Zg"), "f");
  EXPECT_EQ(from_base64("+/8="), "\xfb\xff");
  for (const auto* x : {"Z===", "Zg=", "-_8", "===="})
    EXPECT_FALSE(from_base64(x)) << x;
}

} // namespace
} // namespace bennu::channels
