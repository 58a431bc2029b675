#include "runtime/assert.hpp"

#include "runtime/fatal.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace bennu::runtime {

namespace {

std::atomic<fatal_hook> hook{nullptr};
std::atomic<std::terminate_handler> before{nullptr};

/// Of the first fatal error, the only one that is told: nothing is allocated.
char reason[256] = "";

[[noreturn]] void terminated() {
  std::snprintf(reason, sizeof reason, "std::terminate");
  try {
    if (const auto thrown = std::current_exception())
      std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    std::snprintf(reason, sizeof reason, "std::terminate: %s", e.what());
  } catch (...) {
    std::snprintf(reason, sizeof reason, "std::terminate: no exception's text");
  }
  detail::tell_fatal(reason);
  if (const auto next = before.load())
    next();
  std::abort();
}

} // namespace

void on_fatal(fatal_hook f) noexcept {
  hook = f;
  if (f && std::get_terminate() != terminated)
    before = std::set_terminate(terminated);
}

void detail::tell_fatal(const char* what) noexcept {
  if (const auto f = hook.exchange(nullptr))
    f(what);
}

void detail::assertion_failed(const char* condition, const char* file,
                              int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::snprintf(reason, sizeof reason, "broken invariant: %s (%s:%d)",
                condition, file, line);
  tell_fatal(reason);
  std::abort();
}

} // namespace bennu::runtime
