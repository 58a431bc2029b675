#include "channels/serializer.hpp"

#include <gtest/gtest.h>

namespace bennu::channels {
namespace {

TEST(negotiation, takes_the_newest_of_each_minor_version) {
  EXPECT_EQ(negotiate_serializer("1.0.0").serializer->vsn(), "1.0.0");
  EXPECT_EQ(negotiate_serializer("1.0.9").serializer->vsn(), "1.0.0");
  EXPECT_EQ(negotiate_serializer("2.0.0").serializer->vsn(), "2.0.0");
  EXPECT_EQ(negotiate_serializer("2.0.0+build").serializer->vsn(), "2.0.0");
}

TEST(negotiation, refuses_other_versions) {
  for (const auto* vsn : {"1.1.0", "2.1.0", "3.0.0", "0.9.0", "2.0.0-rc.1"}) {
    const auto x = negotiate_serializer(vsn);
    EXPECT_EQ(x.serializer, nullptr) << vsn;
    EXPECT_EQ(x.warning,
              "The client's requested transport version \"" + std::string{vsn}
                + "\" does not match server's version requirements of "
                  "[\"~> 1.0.0\", \"~> 2.0.0\"]");
  }
}

TEST(negotiation, refuses_what_is_no_version) {
  for (const auto* vsn :
       {"", "2", "2.0", "2.0.", "v2.0.0", "02.0.0", "2.0.0-", "2.0.0+",
        "2.0.0 ", "2.0.0-a..b", "99999999999999999999.0.0"}) {
    const auto x = negotiate_serializer(vsn);
    EXPECT_EQ(x.serializer, nullptr) << vsn;
    EXPECT_EQ(x.warning, "Client sent invalid transport version \""
                           + std::string{vsn} + "\"");
  }
}

} // namespace
} // namespace bennu::channels
