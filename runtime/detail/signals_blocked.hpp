#pragma once

#include <csignal>

namespace bennu::runtime::detail {

/// Blocks every signal, so that threads started meanwhile never take one:
/// signals are for the thread that runs the node. Confined to its thread.
class signals_blocked {
public:
  signals_blocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
  sigset_t before_;
};

} // namespace bennu::runtime::detail
