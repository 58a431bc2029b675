#include "channels/base64url.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

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

TEST(base64, decodes_the_vectors_of_its_rfc) {
  EXPECT_EQ(from_base64(""), "");
  for (const auto& [text, bytes] : {std::pair{"Zg==", "f"},
                                    {"Zm8=", "fo"},
                                    {"Zm9v", "foo"},
                                    {"Zm9vYg==", "foob"},
                                    {"Zm9vYmE=", "fooba"},
                                    {"Zm9vYmFy", "foobar"}})
    EXPECT_EQ(from_base64(text), bytes);
}

TEST(base64, padding_may_be_left_out) {
  EXPECT_EQ(from_base64("Zg"), "f");
  EXPECT_EQ(from_base64("Zm8"), "fo");
}

TEST(base64, refuses_what_nobody_encodes) {
  for (const char* text :
       {"Z", "Zg=", "Zg===", "====", "Zm9v!", "Zh==", "Z=g=", "Zm 9v", "-_-_"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

} // namespace
} // namespace bennu::channels
