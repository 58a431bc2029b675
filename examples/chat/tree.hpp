#pragma once

#include "examples/chat/options.hpp"
#include "runtime/supervisor.hpp"

namespace chat {

/// The supervision tree of a chat node. A value: nothing runs yet.
bennu::runtime::supervisor_spec tree(const options& opts);

} // namespace chat
