#pragma once

#include "observer/agent.hpp"
#include "observer/token.hpp"
#include "runtime/node.hpp"
#include "transport/tls_relay.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace bennu::observer::detail {

class history;

/// What the processes of an agent share. Thread-safe.
struct desk {
  desk(runtime::node& node, agent_options opts, token secret_);

  /// Outlives the agent: asked only in ways that never wait for its shards.
  runtime::node& observed;
  const agent_options options;
  const token secret;
  const std::shared_ptr<history> past;

  /// What stands in front of the endpoint; null without TLS.
  std::atomic<const transport::tls_relay*> relay{nullptr};
  std::atomic<std::size_t> viewers{0};
};
using desk_ptr = std::shared_ptr<desk>;

/// A viewer's place; free again when the last holder is gone.
class seat {
public:
  /// Null when all are taken.
  static std::shared_ptr<seat> take(const desk_ptr& at) {
    if (at->viewers.fetch_add(1) < at->options.viewers_max)
      return std::shared_ptr<seat>{new seat(at)};
    --at->viewers;
    return nullptr;
  }
  seat(const seat&) = delete;
  seat& operator=(const seat&) = delete;
  ~seat() { --at_->viewers; }

private:
  explicit seat(desk_ptr at) : at_(std::move(at)) {}

  desk_ptr at_;
};

/// A viewer who is connected. Value.
struct session {
  std::shared_ptr<seat> place;
  std::string peer;
};

} // namespace bennu::observer::detail
