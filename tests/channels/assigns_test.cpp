#include "channels/assigns.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <typeinfo>

using bennu::channels::shared_assigns;

namespace {

struct session {
  std::string user;
};

} // namespace

TEST(assigns_test, keeps_a_value_with_its_type) {
  const auto x = shared_assigns::of(session{"ann"});
  EXPECT_TRUE(x);
  EXPECT_EQ(x.as<session>().user, "ann");
}

TEST(assigns_test, refuses_any_other_type) {
  const auto x = shared_assigns::of(session{"ann"});
  EXPECT_THROW(x.as<std::string>(), std::bad_cast);
}

TEST(assigns_test, holds_nothing_by_itself) {
  const shared_assigns none;
  EXPECT_FALSE(none);
  EXPECT_THROW(none.as<session>(), std::bad_cast);
}

TEST(assigns_test, is_shared_by_its_copies_and_goes_with_the_last) {
  const auto counted = std::make_shared<int>(1);
  auto x = shared_assigns::of(counted);
  {
    const auto copy = x;
    EXPECT_EQ(&copy.as<std::shared_ptr<int>>(), &x.as<std::shared_ptr<int>>());
    EXPECT_EQ(counted.use_count(), 2);
    x = {};
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(assigns_test, is_one_pointer_wide) {
  EXPECT_EQ(sizeof(shared_assigns), sizeof(void*));
}
