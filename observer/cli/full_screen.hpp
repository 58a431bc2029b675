#pragma once

#include "observer/cli/command.hpp"

namespace observer_cli {

/// Shows a node until the user has seen enough; returns what main should. It
/// connects again by itself when the node goes and comes back, and leaves the
/// terminal as it was, on a signal to end too.
int full_screen(const command& what);

} // namespace observer_cli
