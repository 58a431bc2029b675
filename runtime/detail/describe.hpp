#pragma once

#include "runtime/process_info.hpp"

namespace bennu::runtime::detail {

class process_core;

/// What process_info tells of a process; on its home shard.
process_info describe(const process_core& core);

} // namespace bennu::runtime::detail
