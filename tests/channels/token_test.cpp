#include "channels/token.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

const std::string secret(20, 's');

/// Tokens whose time stands still until it is moved.
struct token_test : ::testing::Test {
  std::chrono::system_clock::time_point time{1'000'000s};
  tokens mine{secret, {.now = [this] { return time; }}};
};

TEST_F(token_test, what_was_signed_is_read) {
  const auto token = mine.sign("user", {{"id", 7}});
  const auto read = mine.verify("user", token);
  ASSERT_TRUE(read);
  EXPECT_EQ(read.data(), (json{{"id", 7}}));
  EXPECT_TRUE(token.starts_with("SFMyNTY."));
}

/// Made by another program: PBKDF2 of the secret and "sign:user", 1000 rounds,
/// then HMAC of both parts.
TEST_F(token_test, these_are_the_bytes) {
  EXPECT_EQ(mine.sign("user", {{"id", 7}}),
            "SFMyNTY.W3siaWQiOjd9LDEwMDAwMDAwMDAsODY0MDBd."
            "E7FUQflbjOywHiB8-M1o2-VYQ1ElZbmG_jpwN3hVDO4");
}

TEST_F(token_test, what_was_encrypted_is_read_and_hidden) {
  const auto token = mine.encrypt("user", "a secret");
  EXPECT_EQ(mine.decrypt("user", token).data(), "a secret");
  EXPECT_NE(token, mine.encrypt("user", "a secret"));
  EXPECT_EQ(mine.verify("user", token).error(), token_error::invalid);
}

TEST_F(token_test, no_token_is_missing) {
  EXPECT_EQ(mine.verify("user", {}).error(), token_error::missing);
  EXPECT_EQ(mine.decrypt("user", {}).error(), token_error::missing);
  EXPECT_EQ(to_string(token_error::missing), "missing");
}

TEST_F(token_test, any_changed_byte_makes_it_invalid) {
  const auto signed_one = mine.sign("user", 7);
  const auto sealed_one = mine.encrypt("user", 7);
  for (std::size_t i = 0; i < signed_one.size(); ++i) {
    auto forged = signed_one;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(mine.verify("user", forged).error(), token_error::invalid) << i;
    EXPECT_FALSE(mine.verify("user", signed_one.substr(0, i))) << i;
  }
  for (std::size_t i = 0; i < sealed_one.size(); ++i) {
    auto forged = sealed_one;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(mine.decrypt("user", forged).error(), token_error::invalid) << i;
    EXPECT_FALSE(mine.decrypt("user", sealed_one.substr(0, i))) << i;
  }
}

TEST_F(token_test, neither_another_salt_nor_another_secret_counts) {
  tokens other{std::string(20, 'o'), {.now = [this] { return time; }}};
  EXPECT_FALSE(mine.verify("admin", mine.sign("user", 7)));
  EXPECT_FALSE(other.verify("user", mine.sign("user", 7)));
  EXPECT_FALSE(mine.decrypt("admin", mine.encrypt("user", 7)));
  EXPECT_FALSE(other.decrypt("user", mine.encrypt("user", 7)));
}

TEST_F(token_test, it_expires_one_past_its_age) {
  const auto token = mine.sign("user", 7, 10s);
  time += 10s;
  ASSERT_TRUE(mine.verify("user", token));
  EXPECT_EQ(mine.verify("user", token).expires_in(), 0ms);
  time += 1ms;
  EXPECT_EQ(mine.verify("user", token).error(), token_error::expired);
}

TEST_F(token_test, it_says_how_long_it_goes_on_counting) {
  const auto token = mine.encrypt("user", 7, 10s);
  time += 4s;
  EXPECT_EQ(mine.decrypt("user", token).expires_in(), 6s);
}

TEST_F(token_test, a_day_is_the_default_age) {
  const auto token = mine.sign("user", 7);
  time += 24h;
  EXPECT_TRUE(mine.verify("user", token));
  time += 1ms;
  EXPECT_EQ(mine.verify("user", token).error(), token_error::expired);
}

TEST_F(token_test, an_age_at_verification_counts_instead) {
  const auto token = mine.sign("user", 7, 10s);
  time += 60s;
  EXPECT_TRUE(mine.verify("user", token, 60s));
  EXPECT_EQ(mine.verify("user", token, 59s).error(), token_error::expired);
  EXPECT_EQ(mine.verify("user", token, 0s).error(), token_error::expired);
  EXPECT_TRUE(mine.verify("user", token, tokens::never));
}

TEST_F(token_test, one_for_ever_never_expires) {
  const auto token = mine.sign("user", 7, tokens::never);
  time += 24h * 365 * 200;
  const auto read = mine.verify("user", token);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read.expires_in());
  EXPECT_TRUE(mine.verify("user", token, tokens::never - 1s));
}

TEST_F(token_test, one_from_the_future_is_invalid) {
  const auto token = mine.sign("user", 7);
  time -= 1ms;
  EXPECT_EQ(mine.verify("user", token).error(), token_error::invalid);
}

TEST_F(token_test, one_longer_than_its_limit_is_not_looked_at) {
  const auto token = mine.sign("user", 7);
  const auto at =
    tokens{secret, {.token_max = token.size(), .now = [this] { return time; }}};
  const auto past = tokens{
    secret, {.token_max = token.size() - 1, .now = [this] { return time; }}};
  EXPECT_TRUE(at.verify("user", token));
  EXPECT_EQ(past.verify("user", token).error(), token_error::invalid);
}

TEST_F(token_test, more_salts_than_keys_are_kept_still_count) {
  tokens few{secret, {.keys_max = 1}};
  for (const auto* salt : {"a", "b", "c"})
    EXPECT_TRUE(few.verify(salt, few.sign(salt, salt))) << salt;
}

TEST_F(token_test, garbage_is_invalid) {
  for (const std::string x :
       {"", ".", "..", "SFMyNTY", "SFMyNTY.", "SFMyNTY..", "SFMyNTY.e30.e30",
        "QTI1NkdDTQ.", "QTI1NkdDTQ.AAAA", "nonsense"}) {
    EXPECT_EQ(mine.verify("user", x).error(), token_error::invalid) << x;
    EXPECT_EQ(mine.decrypt("user", x).error(), token_error::invalid) << x;
  }
}

TEST(tokens, a_short_secret_is_refused) {
  EXPECT_NO_THROW(tokens{std::string(20, 'x')});
  EXPECT_THROW(tokens{std::string(19, 'x')}, std::invalid_argument);
}

} // namespace
} // namespace bennu::channels
