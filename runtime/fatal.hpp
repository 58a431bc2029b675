#pragma once

namespace bennu::runtime {

/// What is done when the program must end because of a broken invariant
/// (BENNU_ASSERT) or an exception nobody can take (std::terminate), on the
/// thread that met it, before it aborts: to leave a picture of the program
/// behind. Of what it says nothing can be trusted, so it takes no lock that
/// another thread might hold for ever and comes back within seconds. It runs
/// once: a second fatal error, also one of its own, aborts at once. One a
/// program; null takes it away. Thread-safe.
using fatal_hook = void (*)(const char* what);
void on_fatal(fatal_hook f) noexcept;

namespace detail {

/// Calls the hook, if there is one and it has not been called.
void tell_fatal(const char* what) noexcept;

} // namespace detail
} // namespace bennu::runtime
