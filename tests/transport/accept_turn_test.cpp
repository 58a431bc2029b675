#include "transport/detail/accept_turn.hpp"
#include "transport/detail/tcp.hpp"
#include "transport/websocket_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace bennu::transport::detail {
namespace {

/// Three sockets on one port.
struct accept_turn_test : ::testing::Test {
  accept_turn_test() {
    for (auto& fd : fds) {
      fd = listen_on({.host = "127.0.0.1",
                      .port = port,
                      .backlog = 100,
                      .shared = port != 0});
      port = local_port(fd);
    }
  }

  ~accept_turn_test() override {
    for (const int fd : fds)
      ::close(fd);
  }

  void connect(int count) {
    for (int i = 0; i < count; ++i)
      EXPECT_TRUE(clients.emplace_back().connect_tcp(
        "ws://127.0.0.1:" + std::to_string(port) + "/"));
  }

  /// How many connections wait for each, which are taken.
  std::vector<int> waiting() const {
    std::vector<int> seen;
    for (const int fd : fds) {
      seen.push_back(0);
      for (int x; (x = ::accept(fd, nullptr, nullptr)) >= 0; ::close(x))
        ++seen.back();
    }
    return seen;
  }

  std::array<int, 3> fds{};
  std::uint16_t port = 0;
  std::vector<websocket_client> clients;
};

using ::testing::ElementsAre;

TEST_F(accept_turn_test, only_the_one_whose_turn_it_is_gets_connections) {
  accept_turn turn{3, 10};
  for (const int fd : fds)
    ASSERT_TRUE(turn.begin(fd));
  connect(5);
  EXPECT_EQ(waiting_to_be_accepted(fds[0]), 5u);
  EXPECT_THAT(waiting(), ElementsAre(5, 0, 0));
  EXPECT_EQ(waiting_to_be_accepted(fds[0]), 0u);
  turn.pass(fds[0]);
  connect(5);
  EXPECT_THAT(waiting(), ElementsAre(0, 5, 0));
  turn.pass(fds[1]);
  turn.pass(fds[1]);
  connect(5);
  EXPECT_THAT(waiting(), ElementsAre(5, 0, 0));
}

TEST_F(accept_turn_test, any_may_pass_for_another) {
  accept_turn turn{3, 10};
  ASSERT_TRUE(turn.begin(fds[0]));
  turn.pass(fds[2]);
  connect(5);
  EXPECT_THAT(waiting(), ElementsAre(0, 5, 0));
}

TEST_F(accept_turn_test, without_a_listener_at_that_turn_all_are_taken) {
  accept_turn turn{5, 10};
  ASSERT_TRUE(turn.begin(fds[0]));
  for (int i = 0; i < 3; ++i)
    turn.pass(fds[0]);
  connect(5);
  const auto seen = waiting();
  EXPECT_EQ(seen[0] + seen[1] + seen[2], 5);
}

TEST(accept_turn_length, is_for_all_the_same_while_they_hold_about_as_many) {
  const accept_turn turn{3, 64};
  for (const std::uint64_t held : {936u, 1000u, 1064u})
    EXPECT_EQ(turn.length(held, 1000), 64u);
}

TEST(accept_turn_length, evens_out_what_they_hold) {
  const accept_turn turn{3, 64};
  EXPECT_EQ(turn.length(1065, 1000), 1u);
  EXPECT_EQ(turn.length(935, 1000), 65u);
  EXPECT_EQ(turn.length(100, 1000), 900u);
  EXPECT_EQ(turn.length(0, 1024), 1024u);
  EXPECT_EQ(turn.length(0, 1025), 1024u);
}

TEST_F(accept_turn_test, what_is_no_socket_takes_no_turns) {
  const accept_turn turn{1, 10};
  EXPECT_FALSE(turn.begin(-1));
}

} // namespace
} // namespace bennu::transport::detail
