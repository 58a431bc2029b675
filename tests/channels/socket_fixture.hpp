#pragma once

#include "channels/testing/channel_test.hpp"
#include "tests/support/obedient_channel.hpp"

#include <chrono>
#include <string_view>

namespace bennu::channels {

using namespace std::chrono_literals;

struct socket_fixture : testing::channel_test {
  socket_fixture() : channel_test(obedient_socket()) {}

  runtime::pid channel_of(testing::client& x, std::string_view topic) {
    const auto told = x.await_reply(x.push(topic, "pid")).payload.as_json();
    return {x.socket().node, told.at("slot"), told.at("serial")};
  }
};

} // namespace bennu::channels
