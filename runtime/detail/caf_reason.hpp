#pragma once

#include "runtime/exit_reason.hpp"

#include <caf/error.hpp>

namespace bennu::runtime::detail {

/// Why a process ended, in CAF's words. A text travels as the error's context,
/// so that the way back through `from_caf` gives the same reason again.
///
///     normal           none
///     shutdown, term   exit_reason::user_shutdown
///     kill, killed     exit_reason::kill
///     noproc           exit_reason::unknown
///     noconnection     exit_reason::remote_link_unreachable
///     timeout          sec::request_timeout
///     error, text      exit_reason::unhandled_exception
caf::error to_caf(const exit_reason& why);

/// The same for an exit_msg over a link. CAF's `kill` cannot be trapped, but
/// Erlang's can when it comes over a link: it becomes unhandled_exception.
caf::error to_caf_over_link(const exit_reason& why);

/// The way back. Errors that Erlang has no word for become `error` with what
/// CAF prints for them.
exit_reason from_caf(const caf::error& why);

/// The reason an actor that ended with `why` is gone: `kill` is `killed` now.
exit_reason ended_by(const caf::error& why);

} // namespace bennu::runtime::detail
