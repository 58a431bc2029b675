#pragma once

#include "runtime/child_spec.hpp"
#include "runtime/exit_reason.hpp"
#include "runtime/fwd.hpp"
#include "runtime/report.hpp"
#include "runtime/restart_intensity.hpp"

#include <cstddef>
#include <string>

namespace bennu::runtime::detail {

// What both kinds of supervisors think and tell of their children.

/// Whether a child that ended by itself is started again.
bool is_restarted(restart_type type, const exit_reason& why);

/// Whether a child that was told to stop did what it was told.
bool stopped_in_order(const child_spec& spec, const exit_reason& why);

/// "cannot start" rather than "error: cannot start".
std::string cause_of(const exit_reason& why);

/// One child of one supervisor, as reports and events name it.
struct told_child {
  runtime::node& node;
  const std::string& supervisor;
  const child_spec& spec;
  pid id;
};

void tell_started(const told_child& x, std::size_t restarts);
void tell_terminated(const told_child& x, const exit_reason& why);
void tell_restarted(const told_child& x, const exit_reason& why,
                    std::size_t restarts);
void tell_gave_up(const told_child& x, const restart_intensity& limit);
void complain(const told_child& x, supervisor_report::context what,
              const exit_reason& why, bool told_elsewhere = false);

} // namespace bennu::runtime::detail
