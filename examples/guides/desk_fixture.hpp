#pragma once

#include "channels/testing/channel_test.hpp"
#include "examples/guides/desk.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace desk {

using channels::topic;

inline const auto keys =
  std::make_shared<const channels::tokens>(std::string(32, 's'));

inline std::string token_of(const std::string& user, bool agent = false) {
  // [sign]
  return keys->sign("user", {{"user", user}, {"agent", agent}}, 1h);
  // [sign]
}

// [fixture]
/// A node with the socket and what its channels need: no port, no thread, and
/// a clock that only advance() moves.
struct ticket_channel_test : channels::testing::channel_test {
  ticket_channel_test()
    : channel_test(
      user_socket(keys),
      {.workers = {
         channels::presence_spec({.name = "desk.presence",
                                  .pubsub = "test.pubsub",
                                  .fetch = with_pictures,
                                  .init = attending("test.pubsub")}),
         runtime::worker("desk.archive", archive),
       }}) {}

  channels::testing::client joined(const std::string& user,
                                   bool agent = false) {
    auto made = connect({{"token", token_of(user, agent)}});
    EXPECT_TRUE(made.join("ticket:7"));
    return made;
  }
};
// [fixture]

} // namespace desk
