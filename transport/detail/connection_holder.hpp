#pragma once

#include "runtime/process.hpp"
#include "transport/detail/endpoint_state.hpp"

namespace bennu::transport::detail {

/// Ask a holder to close up to `count` websockets.
struct drain_batch {
  std::size_t count = 0;
};

/// A holder tells whoever sent it the first drain_batch: no connection of its
/// shard is left.
struct drained {
  std::size_t shard = 0;
};

/// The process that holds a shard's connections: they live as long as it does.
/// It starts before the sockets and stops after them. Confined to its process.
class connection_holder final : public runtime::process {
public:
  explicit connection_holder(endpoint_state_ptr state)
    : state_(std::move(state)) {}
  ~connection_holder() override;

  const endpoint_state& state() const noexcept { return *state_; }

protected:
  void init() override;
  void handle_message(runtime::message& msg) override;
  std::string label() const override;

private:
  endpoint_state::part& part();

  endpoint_state_ptr state_;
};

} // namespace bennu::transport::detail
