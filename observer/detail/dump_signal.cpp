#include "observer/detail/dump_signal.hpp"

#include "runtime/fatal.hpp"

#include <atomic>
#include <cstdio>
#include <mutex>
#include <semaphore>
#include <utility>

#include <pthread.h>
#include <signal.h>

namespace bennu::observer::detail {

namespace {

// What a signal handler and a thread that aborts can reach: no more than this.
std::atomic<std::uint32_t> signals{0};
std::atomic<bool> aborting{false};
std::binary_semaphore abort_dumped{0};
std::atomic<pthread_t> agent_thread{};
char abort_reason[256] = "";

std::mutex users_mutex; // of what follows
std::size_t users = 0;
struct sigaction found_action {};

void on_signal(int) {
  ++signals;
}

void on_fatal_error(const char* what) {
  // Nobody would write it while we wait here.
  if (::pthread_equal(agent_thread, ::pthread_self()))
    return;
  std::snprintf(abort_reason, sizeof abort_reason, "%s", what);
  aborting = true;
  (void)abort_dumped.try_acquire_for(dump_signal::wait_max);
}

} // namespace

dump_signal::dump_signal() : seen_(signals) {
  const std::lock_guard guard{users_mutex};
  agent_thread = ::pthread_self();
  if (users++ > 0)
    return;
  struct sigaction ours {};
  ours.sa_handler = on_signal;
  ours.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &ours, &found_action);
  runtime::on_fatal(on_fatal_error);
}

dump_signal::~dump_signal() {
  const std::lock_guard guard{users_mutex};
  if (--users > 0)
    return;
  runtime::on_fatal(nullptr);
  ::sigaction(SIGUSR1, &found_action, nullptr);
}

bool dump_signal::asked() {
  const auto now = signals.load();
  return now != std::exchange(seen_, now);
}

std::string dump_signal::fatal() {
  return aborting ? abort_reason : "";
}

void dump_signal::fatal_done() {
  aborting = false;
  abort_dumped.release();
}

} // namespace bennu::observer::detail
