#pragma once

#include "runtime/process.hpp"
#include "transport/detail/endpoint_state.hpp"

namespace bennu::transport {

/// Asks a listener to accept nobody any more: answers accepting_stopped and
/// lives on.
struct stop_accepting {};
struct accepting_stopped {};

/// Accepts the connections of one shard. Every shard listens on the same port
/// (SO_REUSEPORT): the kernel spreads connections, and one stays where it was
/// accepted. With an accept_turn they take turns instead.
///
/// Out of file descriptors it takes each client with one kept in reserve,
/// answers 503 and closes, so that clients hear at once, nothing spins and open
/// connections are not touched; it goes on by itself once descriptors are
/// free. That is logged once an episode and counted as `refused`.
/// Confined to its process.
class listener final : public runtime::process,
                       private detail::connection_set::handler {
public:
  explicit listener(detail::endpoint_state_ptr state);
  ~listener() override;

protected:
  void init() override;
  void handle_message(runtime::message& msg) override;
  std::string label() const override;

private:
  void ready(detail::connection_id id, readiness what) override;
  void expired(detail::connection_id) override {}

  detail::endpoint_state::part& part();
  void accept_some();
  void count_turn();
  void pass_turn();
  int accept_one();
  bool accept_failed(int error);
  bool refuse_one();
  void begin_refusing(int error);
  void pause();
  void resume();

  detail::endpoint_state_ptr state_;
  detail::shard_transport_ptr shared_;
  detail::connection_id id_;
  int reserve_ = -1;

  /// To be accepted before this turn ends; 0: it has not begun.
  std::size_t left_ = 0;

  /// Arrived in the turn that has ended, and to be accepted yet.
  std::size_t late_ = 0;

  /// Refused in this episode; an episode ends with the next one accepted.
  std::size_t refused_ = 0;
  bool refusing_ = false;
};

} // namespace bennu::transport
