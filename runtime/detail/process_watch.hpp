#pragma once

#include "runtime/fwd.hpp"
#include "runtime/sys.hpp"

#include <cstddef>
#include <deque>
#include <functional>

namespace bennu::runtime::detail {

/// What sys has asked to be kept of one process. Confined to its process.
struct process_watch {
  std::function<void(const sys::event&)> trace;
  std::deque<sys::event> kept;
  bool counting = false;
  time_point since;
  std::size_t reductions_before = 0;
  std::size_t messages_in = 0;
  std::size_t messages_out = 0;
};

} // namespace bennu::runtime::detail
