#include "transport/detail/send_ring.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace bennu::transport {
namespace {

using detail::send_ring;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class send_ring_test : public ::testing::Test {
protected:
  void SetUp() override {
    if (!ring.is_open())
      GTEST_SKIP() << "no io_uring here: sysctl -w kernel.io_uring_disabled=0, "
                      "or run outside of what forbids it";
  }
  ~send_ring_test() override {
    for (const int fd : files)
      ::close(fd);
  }

  /// Both ends of a connection.
  std::pair<int, int> connection() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    files.insert(files.end(), ends, ends + 2);
    return {ends[0], ends[1]};
  }

  std::string received(int fd) {
    std::string bytes(100, '\0');
    const auto n = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return bytes;
  }

  std::vector<std::pair<std::uint32_t, int>> sent() {
    std::vector<std::pair<std::uint32_t, int>> all;
    ring.send([&](std::uint32_t tag, int n) { all.emplace_back(tag, n); });
    return all;
  }

  send_ring ring;
  std::vector<int> files;
};

TEST_F(send_ring_test, sends_all_that_was_added) {
  const auto [a, at_a] = connection();
  const auto [b, at_b] = connection();
  ring.add(a, "hello", 1);
  ring.add(b, "you", 2);
  EXPECT_EQ(received(at_a), "");
  EXPECT_THAT(sent(), UnorderedElementsAre(std::pair{1u, 5}, std::pair{2u, 3}));
  EXPECT_EQ(received(at_a), "hello");
  EXPECT_EQ(received(at_b), "you");
  EXPECT_THAT(sent(), ElementsAre());
}

TEST_F(send_ring_test, keeps_the_order_of_one_connection) {
  const auto [a, at_a] = connection();
  ring.add(a, "1", 1);
  ring.add(a, "2", 2);
  sent();
  EXPECT_EQ(received(at_a), "12");
}

TEST_F(send_ring_test, tells_why_one_was_not_sent) {
  const auto [full, unread] = connection();
  const std::string much(1'000'000, 'x');
  while (::send(full, much.data(), much.size(), MSG_DONTWAIT) > 0) {
  }
  const auto [gone, closed] = connection();
  ::shutdown(closed, SHUT_RDWR);
  const auto [good, at_good] = connection();
  ring.add(full, "a", 1);
  ring.add(gone, "b", 2);
  ring.add(-1, "c", 3);
  ring.add(good, "d", 4);
  EXPECT_THAT(
    sent(), UnorderedElementsAre(std::pair{1u, -EAGAIN}, std::pair{2u, -EPIPE},
                                 std::pair{3u, -EBADF}, std::pair{4u, 1}));
}

TEST_F(send_ring_test, takes_size_max_at_a_time_again_and_again) {
  const auto [a, at_a] = connection();
  for (int round = 0; round < 3; ++round) {
    for (unsigned i = 0; i < send_ring::size_max; ++i) {
      EXPECT_FALSE(ring.is_full());
      ring.add(a, "x", i);
    }
    EXPECT_TRUE(ring.is_full());
    EXPECT_EQ(sent().size(), send_ring::size_max);
    EXPECT_FALSE(ring.is_full());
    while (!received(at_a).empty()) {
    }
  }
}

TEST(send_ring, may_be_closed) {
  EXPECT_FALSE(send_ring::closed().is_open());
}

} // namespace
} // namespace bennu::transport
