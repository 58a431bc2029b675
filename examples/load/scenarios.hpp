#pragma once

#include "examples/load/options.hpp"
#include "examples/load/plan.hpp"
#include "examples/load/run.hpp"

namespace load {

/// The plan of a ready scenario or of a Tsung file, of which ports and
/// addresses become options. Throws std::invalid_argument.
plan plan_scenario(options& x);

/// Carries it out: what `measure` is told is in the result.
void run_scenario(const options& x, run& on);

} // namespace load
