#include "transport/detail/agent_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::transport::detail {
namespace {

TEST(agent_table, the_same_agent_has_the_same_number) {
  agent_table all;
  const auto fox = all.number_of("Firefox");
  const auto other = all.number_of("curl");
  EXPECT_NE(fox, other);
  EXPECT_EQ(all.number_of("Firefox"), fox);
  EXPECT_EQ(all.text_of(fox), "Firefox");
  EXPECT_EQ(all.text_of(other), "curl");
}

TEST(agent_table, none_has_number_zero) {
  agent_table all;
  EXPECT_EQ(all.number_of(""), 0);
  EXPECT_EQ(all.text_of(0), "");
  EXPECT_EQ(all.text_of(7), "");
}

TEST(agent_table, as_many_as_allowed_and_not_one_more) {
  agent_table all;
  for (std::size_t i = 0; i < agent_table::agents_max; ++i)
    EXPECT_NE(all.number_of("agent " + std::to_string(i)), 0) << i;
  EXPECT_EQ(all.number_of("one more"), 0);
  EXPECT_EQ(all.text_of(all.number_of("agent 0")), "agent 0");
}

TEST(agent_table, a_long_one_is_kept_without_its_end) {
  agent_table all;
  const std::string most(agent_table::agent_max, 'x');
  EXPECT_EQ(all.text_of(all.number_of(most + "y")), most);
  EXPECT_EQ(all.number_of(most), all.number_of(most + "z"));
}

} // namespace
} // namespace bennu::transport::detail
