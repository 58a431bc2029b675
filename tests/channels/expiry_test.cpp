#include "channels/token.hpp"
#include "tests/channels/socket_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace bennu::channels {
namespace {

/// A socket whose clients show a token, which counts for ten seconds.
socket_spec with_tokens(std::shared_ptr<const tokens> keys) {
  auto spec = obedient_socket();
  spec.connect = [keys](const connect_request& req) -> connect_result {
    const auto who = keys->verify("user", req.param("token"));
    if (!who)
      return refuse_connect(std::string{to_string(who.error())});
    return connect_result{session{who.data()}}.expires_in(who.expires_in());
  };
  return spec;
}

const auto signer = std::make_shared<const tokens>(std::string(20, 's'));

struct expiry_test : testing::channel_test {
  expiry_test() : channel_test(with_tokens(signer)) {}
};

TEST_F(expiry_test, a_token_that_runs_out_closes_its_connection_with_1001) {
  auto ann = connect({{"token", signer->sign("user", "ann", 10s)}});
  ASSERT_TRUE(ann.join("room:1"));
  advance(9s);
  EXPECT_TRUE(ann.connected());
  advance(1s);
  EXPECT_EQ(ann.closed(), close_code::going_away);
  EXPECT_FALSE(ann.connected());
}

TEST_F(expiry_test, a_token_for_ever_closes_nothing) {
  auto ann = connect({{"token", signer->sign("user", "ann", tokens::never)}});
  advance(24h * 365);
  EXPECT_TRUE(ann.connected());
}

TEST_F(expiry_test, without_a_token_the_connect_is_refused) {
  EXPECT_EQ(try_connect().refused.reason, "missing");
  EXPECT_EQ(try_connect({{"token", "forged"}}).refused.reason, "invalid");
}

TEST_F(expiry_test, one_who_has_gone_leaves_no_timer) {
  auto ann = connect({{"token", signer->sign("user", "ann", 10s)}});
  EXPECT_EQ(sim().live().timers, 1u);
  ann.close();
  EXPECT_EQ(sim().live().timers, 0u);
}

} // namespace
} // namespace bennu::channels
