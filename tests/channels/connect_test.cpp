#include "channels/connect.hpp"
#include "channels/serializer.hpp"
#include "runtime/log.hpp"
#include "tests/channels/socket_fixture.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

connect_request with(std::map<std::string, std::string, std::less<>> params) {
  connect_request x;
  x.params = std::move(params);
  return x;
}

connect_outcome outcome_of(socket_spec spec, const connect_request& request) {
  return negotiate(std::make_shared<const socket_spec>(std::move(spec)),
                   request);
}

TEST(connect, without_a_vsn_speaks_version_1) {
  const auto x = outcome_of({}, with({}));
  ASSERT_TRUE(x.accepted);
  EXPECT_EQ(x.accepted->serializer->vsn(), "1.0.0");
}

TEST(connect, takes_the_version_it_asks_for) {
  EXPECT_EQ(
    outcome_of({}, with({{"vsn", "2.0.0"}})).accepted->serializer->vsn(),
    "2.0.0");
}

TEST(connect, with_a_wrong_version_is_refused_and_logged) {
  std::vector<std::string> lines;
  runtime::log_to([&](runtime::log_level, std::string_view line) {
    lines.emplace_back(line);
  });
  const auto x = outcome_of({}, with({{"vsn", "2.0"}}));
  runtime::log_to({});
  EXPECT_FALSE(x.accepted);
  EXPECT_EQ(x.refused.status, 403);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "Client sent invalid transport version \"2.0\"");
}

TEST(connect, everybody_may_without_a_function) {
  const auto x = outcome_of({}, with({}));
  ASSERT_TRUE(x.accepted);
  EXPECT_FALSE(x.accepted->assigns);
  EXPECT_EQ(x.accepted->id, "");
}

TEST(connect, gets_its_session_and_id) {
  const auto x = outcome_of(obedient_socket(), with({{"name", "bob"}}));
  ASSERT_TRUE(x.accepted);
  EXPECT_EQ(x.accepted->id, "users:bob");
}

TEST(connect, is_refused_with_the_status_it_was_given) {
  const socket_spec busy{.connect = [](const connect_request&) {
    return refuse_connect("too many", 429);
  }};
  const auto x = outcome_of(busy, with({}));
  EXPECT_FALSE(x.accepted);
  EXPECT_EQ(x.refused.status, 429);
  EXPECT_EQ(x.refused.reason, "too many");
}

TEST(connect, may_refuse_with_headers_and_a_body) {
  const socket_spec busy{.connect = [](const connect_request&) {
    return refuse_connect({.status = 429,
                           .reason = {},
                           .headers = {{"retry-after", "5"}},
                           .body = "later"});
  }};
  const auto x = outcome_of(busy, with({})).refused;
  EXPECT_EQ(x.status, 429);
  EXPECT_EQ(x.headers.at(0).second, "5");
  EXPECT_EQ(x.body, "later");
}

TEST(connect, sees_headers_by_their_kind) {
  connect_request x;
  x.headers = {{"x-a", "1"},         {"user-agent", "curl"},
               {"traceparent", "2"}, {"sec-websocket-key", "3"},
               {"x-b", "4"},         {"trace-it", "5"}};
  using list = connect_request::header_list;
  EXPECT_EQ(x.x_headers(), (list{{"x-a", "1"}, {"x-b", "4"}}));
  EXPECT_EQ(x.sec_websocket_headers(), (list{{"sec-websocket-key", "3"}}));
  EXPECT_EQ(x.trace_context_headers(), (list{{"traceparent", "2"}}));
  EXPECT_EQ(x.user_agent(), "curl");
}

TEST(connect, that_throws_is_refused_with_500) {
  const socket_spec broken{
    .connect = [](const connect_request&) -> connect_result {
      throw std::runtime_error("no database");
    }};
  const auto x = outcome_of(broken, with({}));
  EXPECT_FALSE(x.accepted);
  EXPECT_EQ(x.refused.status, 500);
}

TEST(connect, with_an_id_of_another_session_type_is_refused) {
  const socket_spec confused{
    .connect = [](const connect_request&) -> connect_result { return 1; },
    .id = [](const session& s) { return s.user; }};
  EXPECT_EQ(outcome_of(confused, with({})).refused.status, 500);
}

TEST(connect, reads_params_and_headers_by_name) {
  connect_request x = with({{"a", "1"}});
  x.headers = {{"x-real-ip", "::1"}};
  EXPECT_EQ(x.param("a"), "1");
  EXPECT_FALSE(x.param("b"));
  EXPECT_EQ(x.header("x-real-ip"), "::1");
  EXPECT_FALSE(x.header("host"));
}

} // namespace
} // namespace bennu::channels
