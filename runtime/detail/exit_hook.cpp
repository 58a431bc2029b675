#include "runtime/detail/exit_hook.hpp"

#include "runtime/detail/process_access.hpp"
#include "runtime/detail/process_core.hpp"

namespace bennu::runtime::detail {

void add_exit_hook(process& self, const std::shared_ptr<exit_hook>& hook) {
  process_access::core(self).add_exit_hook(hook);
}

} // namespace bennu::runtime::detail
