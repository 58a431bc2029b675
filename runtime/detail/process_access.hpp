#pragma once

#include "runtime/process.hpp"

namespace bennu::runtime::detail {

/// What other parts of the runtime may reach of a process.
struct process_access {
  static process_core& core(process& x) { return x.core(); }
  static message state(process& x) { return x.visible_state(); }
  static bool replace_state(process& x, const message& state) {
    return x.replace_state(state);
  }
};

} // namespace bennu::runtime::detail
