#include "runtime/testing/sim_node.hpp"
#include "transport/detail/connection_set.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bennu::transport {
namespace {

using namespace std::chrono_literals;
using detail::connection_id;
using detail::connection_set;
using detail::patience;

/// Notes what it is told.
struct recorder final : connection_set::handler {
  void ready(connection_id id, readiness what) override {
    last_ready = id;
    last_what = what;
    if (on_ready)
      on_ready(id);
  }
  void expired(connection_id id) override { late.push_back(id); }
  void flush(connection_id id) override { flushed.push_back(id); }
  std::string_view to_send(connection_id id) override {
    return pieces[id.slot];
  }
  void sent(connection_id id, int n) override {
    results.emplace_back(id, n);
    if (on_sent)
      on_sent(id);
  }
  bool drain(connection_id id) override {
    drained.push_back(id);
    return true;
  }

  std::function<void(connection_id)> on_ready, on_sent;
  connection_id last_ready;
  readiness last_what;
  std::vector<connection_id> late, flushed, drained;
  std::map<std::uint32_t, std::string> pieces; // by slot
  std::vector<std::pair<connection_id, int>> results;
};

class connection_set_test : public ::testing::Test {
protected:
  ~connection_set_test() override {
    set.shut();
    for (int fd : peers)
      ::close(fd);
  }

  /// Handles what the kernel has to tell, once: readiness lasts until it is
  /// used up.
  void poll() {
    sim.node().run_on(0, [this] {
      auto& descriptors = sim.node().shard_at(0).poller();
      descriptors.wait({});
      descriptors.dispatch();
    });
  }

  /// A connection whose other end is peers.back().
  connection_id open(patience how = patience::endless) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    peers.push_back(fds[1]);
    return set.add(fds[0], seen, how);
  }

  runtime::sim_node sim{{.shards = 1}};
  recorder seen;
  std::vector<int> peers;
  connection_set set{sim.node().shard_at(0),
                     {.handshake = 10s, .closing = 5s, .idle = {60s, 200s}}};
};

TEST_F(connection_set_test, bytes_wake_their_connection_alone) {
  open();
  const auto id = open();
  ASSERT_EQ(::write(peers.back(), "hello", 5), 5);
  poll();
  EXPECT_EQ(seen.last_ready, id);
  EXPECT_TRUE(seen.last_what.readable);
  EXPECT_FALSE(seen.last_what.writable);
  EXPECT_EQ(set.read(id).bytes, "hello");
  EXPECT_FALSE(set.read(id).ended);
}

TEST_F(connection_set_test, the_end_of_the_client_is_read) {
  const auto id = open();
  ::shutdown(peers.back(), SHUT_WR);
  poll();
  EXPECT_EQ(seen.last_ready, id);
  EXPECT_TRUE(set.read(id).ended);
}

TEST_F(connection_set_test, room_to_write_is_told_only_while_watched_for) {
  const auto id = open();
  poll();
  EXPECT_FALSE(seen.last_ready);
  set.watch(id, connection_set::interest::both);
  seen.on_ready = [&](connection_id x) {
    set.watch(x, connection_set::interest::read);
  };
  poll();
  EXPECT_TRUE(seen.last_what.writable);
}

TEST_F(connection_set_test, an_id_never_means_the_successor_in_its_slot) {
  const auto first = open();
  set.close(first);
  const auto second = open();
  EXPECT_EQ(first.slot, second.slot);
  EXPECT_EQ(set.fd(first), -1);
  EXPECT_GE(set.fd(second), 0);
  set.close(first);
  EXPECT_EQ(set.size(), 1u);
}

TEST_F(connection_set_test, an_event_of_a_connection_just_closed_is_dropped) {
  const auto a = open();
  ASSERT_EQ(::write(peers.back(), "x", 1), 1);
  const auto b = open();
  ASSERT_EQ(::write(peers.back(), "x", 1), 1);
  int calls = 0;
  seen.on_ready = [&](connection_id) {
    ++calls;
    set.close(a);
    set.close(b);
  };
  poll();
  EXPECT_EQ(calls, 1);
}

TEST_F(connection_set_test, opening_and_closing_over_and_over_uses_one_slot) {
  for (int i = 0; i < 100'000; ++i) {
    const auto id = set.add(::eventfd(0, EFD_NONBLOCK), seen, patience::idle);
    ASSERT_EQ(id.slot, 0u);
    set.close(id);
  }
}

TEST_F(connection_set_test, silence_beyond_the_limit_is_told_once_a_sweep) {
  const auto id = open(patience::idle);
  open(patience::endless);
  sim.advance(60s);
  EXPECT_TRUE(seen.late.empty());
  sim.advance(6s);
  ASSERT_FALSE(seen.late.empty());
  EXPECT_EQ(seen.late.front(), id);
}

TEST_F(connection_set_test, being_heard_starts_the_silence_anew) {
  const auto id = open(patience::idle);
  sim.advance(50s);
  set.heard(id);
  sim.advance(50s);
  EXPECT_TRUE(seen.late.empty());
  sim.advance(16s);
  EXPECT_FALSE(seen.late.empty());
}

TEST_F(connection_set_test, each_patience_has_its_own_limit) {
  const auto shake = open(patience::handshake);
  const auto close = open(patience::closing);
  sim.advance(7s);
  ASSERT_FALSE(seen.late.empty());
  EXPECT_EQ(seen.late.front(), close);
  set.close(close);
  seen.late.clear();
  sim.advance(5s);
  ASSERT_FALSE(seen.late.empty());
  EXPECT_EQ(seen.late.front(), shake);
}

TEST_F(connection_set_test, each_mount_has_its_own_idle_limit) {
  const auto id = open(detail::idle_of(1));
  sim.advance(199s);
  EXPECT_TRUE(seen.late.empty());
  sim.advance(4s);
  ASSERT_FALSE(seen.late.empty());
  EXPECT_EQ(seen.late.front(), id);
}

TEST_F(connection_set_test, marked_connections_are_flushed_once) {
  const auto id = open();
  const auto gone = open();
  set.mark(id);
  set.mark(gone);
  set.close(gone);
  set.flush_marked();
  set.flush_marked();
  EXPECT_EQ(seen.flushed, std::vector{id});
}

/// Ends of connections that have something to send.
struct sending_test : connection_set_test {
  /// `count` marked ones, each with a piece of its own.
  std::vector<connection_id> marked(std::size_t count) {
    std::vector<connection_id> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(open());
      seen.pieces[all.back().slot] = std::to_string(i);
      set.mark(all.back());
    }
    return all;
  }

  std::string heard(std::size_t peer) {
    char bytes[16];
    const auto n = ::recv(peers[peer], bytes, sizeof bytes, MSG_DONTWAIT);
    return {bytes, n < 0 ? 0 : static_cast<std::size_t>(n)};
  }
};

/// The same where the kernel has a ring.
struct together_test : sending_test {
  void SetUp() override {
    if (!detail::send_ring{}.is_open())
      GTEST_SKIP() << "no io_uring here: sysctl -w kernel.io_uring_disabled=0, "
                      "or run outside of what forbids it";
  }
};

TEST_F(together_test, many_are_sent_together) {
  const auto count = detail::send_ring::size_max + 3;
  const auto all = marked(count);
  set.flush_marked();
  EXPECT_TRUE(seen.flushed.empty());
  ASSERT_EQ(seen.results.size(), count);
  for (std::size_t i = 0; i < count; ++i)
    EXPECT_EQ(heard(i), std::to_string(i));
  set.flush_marked();
  EXPECT_EQ(seen.results.size(), count);
}

TEST_F(sending_test, few_are_flushed_one_by_one) {
  const auto all = marked(connection_set::together_min - 1);
  set.flush_marked();
  EXPECT_EQ(seen.flushed, all);
  EXPECT_TRUE(seen.results.empty());
}

TEST_F(together_test, one_without_a_single_piece_is_flushed_by_itself) {
  const auto all = marked(connection_set::together_min);
  seen.pieces[all[1].slot].clear();
  set.flush_marked();
  EXPECT_EQ(seen.flushed, std::vector{all[1]});
  EXPECT_EQ(seen.results.size(), all.size() - 1);
}

TEST_F(together_test, what_ends_meanwhile_is_told_nothing) {
  const auto all = marked(connection_set::together_min + 1);
  set.close(all[0]);
  seen.pieces[all[1].slot].clear();
  // Whoever is told first ends all others, and marks itself again.
  seen.on_sent = [&](connection_id first) {
    for (const auto id : all)
      if (id != first)
        set.close(id);
    seen.on_sent = nullptr;
    set.mark(first);
  };
  set.flush_marked();
  EXPECT_EQ(seen.results.size(), 1u);
  EXPECT_EQ(seen.flushed, std::vector{seen.results[0].first});
}

TEST_F(together_test, who_is_told_may_shut_the_set) {
  marked(connection_set::together_min);
  seen.on_sent = [&](connection_id) { set.shut(); };
  set.flush_marked();
  EXPECT_EQ(seen.results.size(), 1u);
  EXPECT_FALSE(set.sends_together());
}

TEST_F(sending_test, without_a_ring_each_is_flushed) {
  connection_set alone{sim.node().shard_at(0), {}, detail::send_ring::closed()};
  std::vector<connection_id> all;
  for (std::size_t i = 0; i < connection_set::together_min; ++i) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    peers.push_back(ends[1]);
    all.push_back(alone.add(ends[0], seen, patience::endless));
    seen.pieces[all.back().slot] = "x";
    alone.mark(all.back());
  }
  alone.flush_marked();
  EXPECT_EQ(seen.flushed, all);
}

TEST_F(connection_set_test, drains_in_batches_from_slot_to_slot) {
  for (int i = 0; i < 5; ++i)
    open();
  const auto next = set.drain(0, 2);
  EXPECT_EQ(next, 2u);
  EXPECT_EQ(set.drain(next, 2), 4u);
  EXPECT_EQ(set.drain(4, 2), 0u);
  EXPECT_EQ(seen.drained.size(), 5u);
}

TEST_F(connection_set_test, a_handler_may_shut_the_set_it_is_called_by) {
  open();
  ASSERT_EQ(::write(peers.back(), "x", 1), 1);
  seen.on_ready = [&](connection_id) { set.shut(); };
  poll();
  EXPECT_EQ(set.size(), 0u);
  sim.advance(100s);
}

} // namespace
} // namespace bennu::transport
