#pragma once

#include "observer/cli/source.hpp"
#include "transport/websocket_client.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace observer_cli {

/// What the program ends with.
enum class exit_code {
  ok = 0,

  /// The node could not do it: no such process, no such sheet.
  failed = 1,

  /// The command line makes no sense.
  usage = 2,

  /// No node answers there, or not in time.
  no_node = 3,

  /// The token is missing, wrong or unreadable.
  token = 4,

  /// The node is read-only, or has as many viewers as it takes.
  refused = 5,
};

/// Why a command ends: one line for people, and the program's exit code.
class cli_error : public std::runtime_error {
public:
  cli_error(exit_code code, const std::string& text)
    : std::runtime_error(text), code_(code) {}
  exit_code code() const noexcept { return code_; }

private:
  exit_code code_;
};

struct client_options {
  /// "ws://127.0.0.1:4001", "wss://..." by TLS, or "file:" and the path of a
  /// dump.
  std::string url;

  /// Empty: where an agent on this machine writes it.
  std::string token_file{};

  /// Of wss: a PEM file with whom to believe; empty: whom the system believes.
  std::string ca_file{};

  /// Of wss: believe anybody.
  bool insecure = false;

  /// For each answer.
  std::chrono::milliseconds timeout{5'000};
};

/// A viewer of a node: one channel over one websocket. It does one thing at a
/// time. Everything throws cli_error; after one with no_node it may connect
/// again. Confined to its thread.
class client final : public source {
public:
  explicit client(client_options options) : options_(std::move(options)) {}

  json connect() override;
  json ask(const std::string& event, const json& payload) override;
  std::optional<std::pair<std::string, json>>
  next_push(std::chrono::milliseconds limit) override;

private:
  std::string find_secret();
  json send(const std::string& event, const json& payload);
  std::optional<json> receive(std::chrono::milliseconds limit);

  client_options options_;
  bennu::transport::websocket_client socket_;
  std::deque<std::pair<std::string, json>> pushes_;
  int last_ref_ = 0;
};

/// The port of a URL of ws://host:port or wss://host:port; throws cli_error,
/// usage.
unsigned port_of(const std::string& url);

} // namespace observer_cli
