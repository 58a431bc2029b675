#pragma once

namespace bennu::runtime::detail {
[[noreturn]] void assertion_failed(const char* condition, const char* file,
                                   int line);
} // namespace bennu::runtime::detail

/// An invariant of the runtime itself; on in release. A broken one prints and
/// aborts: nothing that runs on a broken runtime can be trusted.
#define BENNU_ASSERT(condition)                                                \
  (static_cast<bool>(condition) ? void(0)                                      \
                                : ::bennu::runtime::detail::assertion_failed(  \
                                  #condition, __FILE__, __LINE__))
