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

[[noreturn]] void terminated() {
  detail::tell_fatal("std::terminate");
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
  tell_fatal(condition);
  std::abort();
}

} // namespace bennu::runtime
