#include "transport/detail/file_limit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bennu::transport {
namespace {

using detail::complaints;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(file_limit, limits_that_suffice_are_not_spoken_of) {
  EXPECT_THAT(complaints({.files_soft = 10'100, .somaxconn = 4096},
                         {.connections = 10'000, .backlog = 4096}),
              IsEmpty());
}

TEST(file_limit, one_file_short_names_the_limit_what_it_allows_and_the_mend) {
  EXPECT_THAT(complaints({.files_soft = 10'099, .somaxconn = 4096},
                         {.connections = 10'000, .shards = 4}),
              ElementsAre(AllOf(HasSubstr("RLIMIT_NOFILE is 10099"),
                                HasSubstr("about 9999 connections"),
                                HasSubstr("ulimit -n 10100"),
                                HasSubstr("4 shards then hold 39996"))));
}

TEST(file_limit, a_short_accept_queue_is_named_with_its_command) {
  EXPECT_THAT(
    complaints({.files_soft = 1000, .somaxconn = 128}, {.backlog = 4096}),
    ElementsAre(AllOf(HasSubstr("somaxconn is 128"),
                      HasSubstr("sysctl -w net.core.somaxconn=4096"))));
}

TEST(file_limit, the_soft_limit_is_raised_to_the_hard_one) {
  const auto has = detail::raise_file_limit();
  EXPECT_EQ(has.files_soft, has.files_hard);
  EXPECT_GT(has.somaxconn, 0u);
}

} // namespace
} // namespace bennu::transport
