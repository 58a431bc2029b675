#include "channels/wire_ref.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bennu::channels {
namespace {

TEST(wire_ref, is_null_by_default) {
  EXPECT_TRUE(wire_ref{}.is_null());
  EXPECT_EQ(wire_ref{}.json(), "null");
  EXPECT_EQ(wire_ref{}.plain(), "");
  EXPECT_EQ(wire_ref::from_json("null"), wire_ref{});
}

TEST(wire_ref, keeps_text_of_every_length) {
  std::vector<wire_ref> refs;
  for (std::size_t size = 0; size < 40; ++size)
    refs.push_back(wire_ref::from_string(std::string(size, 'x')));
  const auto copies = refs;
  refs.clear();
  for (std::size_t size = 0; size < 40; ++size) {
    EXPECT_EQ(copies[size].plain(), std::string(size, 'x'));
    EXPECT_EQ(copies[size].json(), '"' + std::string(size, 'x') + '"');
  }
}

TEST(wire_ref, tells_a_number_from_a_string) {
  EXPECT_FALSE(wire_ref::from_json("1") == wire_ref::from_string("1"));
}

TEST(wire_ref, is_assigned_over) {
  auto x = wire_ref::from_string(std::string(30, 'x'));
  x = wire_ref::from_json("1");
  EXPECT_EQ(x.json(), "1");
  x = wire_ref::from_string(std::string(31, 'y'));
  x = wire_ref{};
  EXPECT_TRUE(x.is_null());
}

} // namespace
} // namespace bennu::channels
