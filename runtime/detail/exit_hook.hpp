#pragma once

#include "runtime/fwd.hpp"
#include "runtime/pid.hpp"

#include <memory>

namespace bennu::runtime::detail {

/// Something of the node that keeps what processes have entered: told of a
/// process's end on that process's shard, before any exit signal goes out.
class exit_hook {
public:
  virtual ~exit_hook() = default;
  virtual void process_ended(const pid& id) = 0;
};

/// Adds a hook to a process, once however often it is asked for.
void add_exit_hook(process& self, const std::shared_ptr<exit_hook>& hook);

} // namespace bennu::runtime::detail
