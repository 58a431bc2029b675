#pragma once

#include "examples/load/generator.hpp"
#include "examples/load/plan.hpp"
#include "examples/load/run.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace load {

/// What bennu-load is told on its command line.
struct options {
  std::string scenario;

  /// Of `tsung`.
  std::string file;

  std::vector<std::string> targets{"ws://127.0.0.1:4000/socket"};
  bool allow_remote = false;
  std::uint64_t connections = 1'000;
  double rate = 0; ///< arrivals a second; 0: as fast as in_flight_max allows
  double duration_s = 10;
  double hold_s = 0;
  double heartbeat_s = 30;
  bool heartbeat_given = false; ///< Tsung's users send none unless told to
  double limit_s = 600;
  bool limit_given = false;
  std::string topic = "rooms:lobby";

  // Of single scenarios.
  std::size_t rounds = 5;
  std::size_t body = 64;
  std::size_t clients = 100;
  std::size_t outstanding = 1;
  std::uint64_t per_room = 1'000;
  std::uint64_t senders = 10;
  std::uint32_t messages = 10;
  double think_s = 1;
  bool clustered = false;

  generator_options how;
  run_options watch;
  std::uint64_t seed = 1;

  std::string json_file;
  std::string report_file;
  std::uint16_t page_port = 8091;
  std::string page_dir;

  // Several processes.
  std::string join;
  std::size_t processes = 1;
  std::uint16_t crew_port = 8092;
};

/// The options, or, when the program is done with after parsing (--help, or a
/// mistake, which is told in one line), what main should return.
struct parsed {
  std::optional<load::options> options;
  int exit_code = 0;
};

parsed parse_options(int argc, const char* const* argv);

/// What bennu-load exits with.
enum class exit_code : int {
  good = 0,
  errors = 1,    ///< ran, and something went wrong: see the figures
  usage = 2,     ///< bad command line or file
  no_server = 3, ///< nobody listens at the target
  cut_short = 4, ///< interrupted, or out of memory
};

} // namespace load
