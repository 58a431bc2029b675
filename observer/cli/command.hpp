#pragma once

#include "channels/json.hpp"
#include "observer/cli/client.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace observer_cli {

/// What bennu-observer is told on its command line.
struct command {
  client_options to;

  /// Empty: the full screen.
  std::string name{};

  /// What it is about: a pid, a table, a file; of `dump` empty for a name made
  /// of the node's and the time.
  std::string about{};

  /// The reason of exit, the child of terminate_child and restart_child.
  std::string with{};

  /// For `read`: the question's sheet, sort, limit and so on.
  json question = json::object();

  bool as_json = false;

  /// Of `log`: go on with what comes.
  bool follow = false;

  /// Of `dump`: written there, not here.
  bool on_node = false;

  /// Of a trace.
  std::size_t seconds = 10;

  /// Of the full screen.
  std::chrono::milliseconds interval{1'500};
};

/// The command, or, when the program is done with after parsing (--help, or a
/// mistake, which is told in one line), what main should return.
struct parsed {
  std::optional<observer_cli::command> command;
  int exit_code = 0;
};

parsed parse_command(int argc, const char* const* argv);

/// Runs a command that is not the full screen and prints what it brings.
/// Throws cli_error.
void run(const command& what);

} // namespace observer_cli
