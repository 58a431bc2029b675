#pragma once

#include "observer/agent.hpp"
#include "runtime/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace chat {

/// What bennu-chat is told on its command line.
struct options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 4000;
  std::size_t shards = 0; // 0: one a core
  bool check_origin = true;
  bool private_files = false;
  std::size_t connections = 10'000;
  std::string static_dir;
  std::chrono::milliseconds timeout{60'000};
  std::chrono::milliseconds drain_time{30'000};
  std::optional<bennu::observer::agent_options> observer; // none: no agent
  bennu::runtime::log_level log_level = bennu::runtime::log_level::info;
};

/// The options, or, when the program is done with after parsing (--help, or a
/// mistake, which is told in one line), what main should return.
struct parsed {
  std::optional<chat::options> options;
  int exit_code = 0;
};

parsed parse_options(int argc, char** argv);

} // namespace chat
