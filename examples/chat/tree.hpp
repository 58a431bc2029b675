#pragma once

#include "examples/chat/options.hpp"
#include "runtime/supervisor.hpp"

namespace chat {

/// The supervision tree of a chat node. A value: nothing runs yet.
bennu::runtime::supervisor_spec tree(const options& opts);

/// The same with the observer's agent, when the options ask for one.
bennu::runtime::supervisor_spec observed_tree(const options& opts);

} // namespace chat
