#pragma once

#include "channels/close_code.hpp"
#include "channels/connect.hpp"
#include "channels/json.hpp"
#include "channels/payload.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket.hpp"
#include "channels/socket_spec.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/testing/sim_node.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::channels::testing {

using connect_params = std::map<std::string, std::string, std::less<>>;

/// One message as a client got it, decoded from its bytes. Value.
struct received {
  json join_ref;
  json ref;
  std::string topic;
  std::string event;
  channels::payload payload;

  /// Of a phx_reply; else empty.
  std::string status;

  /// The bytes, as they came.
  std::string wire;
};

/// How a test_endpoint is made. Virtual time; nothing runs by itself.
struct test_endpoint_options {
  std::size_t shards = 2;

  /// Not 0: shuffles the order in which processes run. Same seed, same run.
  std::uint64_t seed = 0;

  pubsub_options pubsub{.name = "test.pubsub"};

  /// Started between the pubsub and the sockets.
  std::vector<runtime::child_spec> workers{};
};

/// What a test client has received and not looked at, and how it ended.
struct mailbox {
  std::deque<received> messages;
  std::optional<close_code> code;
  bool ended = false;
};

/// One client of a test_endpoint: a transport without bytes on a wire. Frames
/// it sends reach its socket at once; what follows runs with the endpoint.
/// Copies are the same client. Confined to the test's thread.
class raw_client {
public:
  raw_client(class test_endpoint& at, runtime::pid socket, std::string vsn,
             std::shared_ptr<mailbox> box);

  /// Sends a message like phoenix.js: with the join_ref of the topic's last
  /// join. Returns its ref.
  std::string send(std::string_view topic, std::string_view event, payload x);

  /// Sends bytes as they are.
  void send_raw(opcode op, std::string_view data);

  /// Ends the connection as if the client had gone.
  void drop();

  const runtime::pid& socket() const noexcept { return socket_; }
  mailbox& inbox() const noexcept { return *box_; }

  /// The join_ref that a topic's messages carry; null before its join.
  json join_ref(std::string_view topic) const;

  /// The mailbox, one message a line: for failures.
  std::string describe() const;

private:
  class test_endpoint* at_;
  runtime::pid socket_;
  std::string vsn_;
  std::shared_ptr<mailbox> box_;
  struct refs {
    std::uint64_t last = 0;
    std::map<std::string, std::string, std::less<>> of_joins;
  };
  std::shared_ptr<refs> refs_ = std::make_shared<refs>();
};

/// A node with a pubsub, a socket pool and a mounted socket_spec, simulated:
/// no thread, no port, no real clock. For tests without GoogleTest, fuzzers and
/// simulations; others take channel_test. Confined to the test's thread.
class test_endpoint {
public:
  explicit test_endpoint(socket_spec spec, test_endpoint_options options = {});
  ~test_endpoint();

  runtime::sim_node& sim() noexcept { return sim_; }
  runtime::node& node() noexcept { return sim_.node(); }
  const pubsub& bus() const noexcept { return bus_; }
  const std::shared_ptr<const socket_spec>& spec() const noexcept {
    return spec_;
  }

  /// What the spec says to a client, before there is a socket.
  connect_outcome negotiate(const connect_params& params);

  /// Starts a socket; no client when the connect was refused.
  std::optional<raw_client> connect(const connect_params& params);

  /// Starts a socket on a shard.
  raw_client start(socket_init init, std::string vsn, std::size_t shard);

  /// The server of the pubsub that serves a shard.
  runtime::pid pubsub_server(std::size_t shard);

private:
  runtime::sim_node sim_;
  pubsub bus_;
  std::shared_ptr<const socket_spec> spec_;
  std::size_t next_shard_ = 0;
};

} // namespace bennu::channels::testing
