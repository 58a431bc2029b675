#pragma once

#include "channels/json.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace observer_cli {

using bennu::channels::json;
struct client_options;

/// What can be asked: a node that runs, or a dump of one. Everything throws
/// cli_error. Confined to its thread.
class source {
public:
  virtual ~source() = default;

  /// Begins, or begins again; answers what the node says of itself.
  virtual json connect() = 0;

  /// Sends an event and waits for its answer.
  virtual json ask(const std::string& event, const json& payload) = 0;

  /// The next event that comes by itself, as {event, payload}; nothing within
  /// `limit`.
  virtual std::optional<std::pair<std::string, json>>
  next_push(std::chrono::milliseconds limit) = 0;
};

/// A node for a URL of ws://HOST:PORT, a dump for one of file:PATH.
std::unique_ptr<source> open_source(const client_options& options);

} // namespace observer_cli
