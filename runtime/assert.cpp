#include "runtime/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace bennu::runtime::detail {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

} // namespace bennu::runtime::detail
