#include "runtime/child_spec.hpp"

#include <string_view>
#include <unordered_set>

#include <fmt/core.h>

namespace bennu::runtime {

const char* to_string(restart_type x) {
  switch (x) {
  case restart_type::permanent:
    return "permanent";
  case restart_type::transient:
    return "transient";
  case restart_type::temporary:
    return "temporary";
  }
  return "unknown";
}

const char* to_string(auto_shutdown x) {
  switch (x) {
  case auto_shutdown::never:
    return "never";
  case auto_shutdown::any_significant:
    return "any_significant";
  case auto_shutdown::all_significant:
    return "all_significant";
  }
  return "unknown";
}

std::string to_string(const shutdown_policy& x) {
  if (x.kill)
    return "brutal_kill";
  return x.timeout ? fmt::format("{} ms", x.timeout->count()) : "infinity";
}

std::optional<std::string> check_childspec(const child_spec& spec,
                                           auto_shutdown when) {
  const auto about = [&](std::string_view what) {
    return fmt::format("child {}: {}", spec.id, what);
  };
  if (spec.id.empty())
    return "a child has no id: set child_spec.id";
  if (!spec.start)
    return about("it has no start: set child_spec.start, or make the spec with "
                 "worker() or worker_of()");
  if (spec.shutdown.timeout && spec.shutdown.timeout->count() < 0)
    return about(fmt::format("its shutdown is {} ms: give 0 or more, or "
                             "shutdown_policy::infinity()",
                             spec.shutdown.timeout->count()));
  if (spec.significant && spec.restart == restart_type::permanent)
    return about("it is significant and permanent, but a permanent child never "
                 "ends for good: make it transient or temporary");
  if (spec.significant && when == auto_shutdown::never)
    return about("it is significant, but its supervisor's auto_shutdown is "
                 "never: set any_significant or all_significant");
  if (spec.backoff)
    if (const auto wrong = check(*spec.backoff))
      return about(*wrong);
  return std::nullopt;
}

std::optional<std::string>
check_childspecs(const std::vector<child_spec>& specs, auto_shutdown when) {
  std::unordered_set<std::string_view> ids;
  for (const auto& x : specs) {
    if (auto wrong = check_childspec(x, when))
      return wrong;
    if (!ids.insert(x.id).second)
      return fmt::format("duplicate child id {}: ids are unique within a "
                         "supervisor",
                         x.id);
  }
  return std::nullopt;
}

} // namespace bennu::runtime
