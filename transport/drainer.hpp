#pragma once

#include "runtime/process.hpp"
#include "transport/detail/endpoint_state.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bennu::transport {

namespace events {

/// A batch of sockets is told to go. Measured: count (of the batch), total
/// (when the drain began), index (of the batch, from 1) and rounds (batches).
/// Metadata: endpoint. Mirrors phoenix.socket_drain.
inline constexpr std::string_view socket_drain = "bennu.socket.drain";

} // namespace events

/// Ends the connections of an endpoint that stops: the last child to start and
/// the first to be stopped. It has the listeners stop, and once all have, lest
/// who is told to go comes back to a shard that is late, closes websockets in
/// batches with 1012. It ends once every close frame has been sent and
/// answered, or drain_options::shutdown is over. Mirrors Phoenix's PoolDrainer.
/// Also says at start where the endpoint is, since all of it runs by then.
/// Confined to its process.
class drainer final : public runtime::process {
public:
  explicit drainer(detail::endpoint_state_ptr state)
    : state_(std::move(state)) {}

protected:
  void init() override;
  void handle_message(runtime::message& msg) override;
  void parent_exited(const runtime::exit_reason& why) override;
  std::string label() const override;

private:
  void listener_stopped();
  void next_round();
  void tell_round(std::uint64_t batch);
  void shard_done(std::size_t shard);

  detail::endpoint_state_ptr state_;
  runtime::exit_reason why_;
  std::size_t listening_ = 0;
  std::vector<bool> waits_for_;
  std::vector<std::uint64_t> open_; // of each shard, in the beginning
  bool draining_ = false;
  std::uint64_t round_ = 0;
};

} // namespace bennu::transport
