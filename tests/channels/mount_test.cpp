#include "channels/mount.hpp"
#include "channels/serializer_v1.hpp"
#include "channels/serializer_v2.hpp"
#include "channels/testing/test_endpoint.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bennu::channels {
namespace {

class quiet_channel final : public channel {
public:
  join_result join(const topic&, const json&) override { return accept(); }
};

const serializer_v1 v1;
const serializer_v2 v2;

class mount_test : public ::testing::Test {
protected:
  shard_mount& mount() { return endpoint_.spec()->mounted->on(0); }

  testing::test_endpoint endpoint_{
    {.connect = [](const connect_request&) { return accept_connect(); },
     .channels = {route<quiet_channel>("room:lobby"),
                  route<quiet_channel>("room:*")},
     .serializers = {{&v2, version_requirement{"~> 2.0.0"}}}}};
};

TEST_F(mount_test, routes_a_topic_by_the_first_pattern_that_matches) {
  const auto* lobby = mount().find_route("room:lobby");
  ASSERT_TRUE(lobby);
  EXPECT_EQ(lobby->route.pattern(), "room:lobby");
  EXPECT_EQ(&lobby->mount, &mount());
  const auto* other = mount().find_route("room:1");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->route.pattern(), "room:*");
  EXPECT_FALSE(mount().find_route("users:1"));
}

TEST_F(mount_test, knows_the_wire_formats_of_its_spec_alone) {
  EXPECT_EQ(&mount().format_of(v2).format, &v2);
  EXPECT_THROW(mount().format_of(v1), std::logic_error);
}

} // namespace
} // namespace bennu::channels
