#pragma once

#include "runtime/detail/envelope.hpp"
#include "runtime/exit_reason.hpp"
#include "runtime/process.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace bennu::runtime::detail {

/// A signal that is not a message, on its way to another shard.
struct signal {
  enum class kind : std::uint8_t {
    exit,
    link_exit,
    link,
    unlink,
    monitor,
    demonitor,
    down,
    spawn,
    run,
  };

  kind what;
  pid from;
  monitor_ref ref = 0;
  exit_reason why{};
  std::unique_ptr<process_maker> maker{};
  spawn_options how{};
  process::relation rel = process::relation::none;
  std::function<void()> run{};
};

/// What travels between threads: a message or a signal, in one order, since
/// Erlang promises one order for all signals of a pair.
struct parcel {
  pid to;
  std::unique_ptr<envelope> letter;
  std::unique_ptr<detail::signal> signal;
};

} // namespace bennu::runtime::detail
