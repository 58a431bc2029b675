#include "runtime/detail/caf_conversions.hpp"

#include <mutex>
#include <stdexcept>
#include <string>

namespace bennu::runtime::detail {

caf_conversions::caf_conversions() {
  add(conversion_of<>());
  add(conversion_of<bool>());
  add(conversion_of<std::int32_t>());
  add(conversion_of<std::int64_t>());
  add(conversion_of<std::uint64_t>());
  add(conversion_of<double>());
  add(conversion_of<std::string>());
}

void caf_conversions::add(const caf_conversion& x) {
  const std::unique_lock guard{mutex_};
  if (by_ours_.size() >= conversions_max)
    throw std::length_error("a node declares 10000 lists of types to CAF");
  if (by_ours_.emplace(x.ours, x).second)
    by_theirs_.emplace(x.theirs, x);
}

std::optional<caf::message> caf_conversions::to_caf(const message& x) const {
  if (const auto* whole = x.value_if<caf::message>())
    return *whole;
  const std::shared_lock guard{mutex_};
  const auto at = by_ours_.find(x.token());
  if (at == by_ours_.end())
    return std::nullopt;
  return at->second.to(x);
}

message caf_conversions::from_caf(const caf::type_erased_tuple& x) const {
  const std::shared_lock guard{mutex_};
  // Types that CAF has no number for share one token.
  const auto [first, last] = by_theirs_.equal_range(x.type_token());
  for (auto at = first; at != last; ++at)
    if (at->second.matches(x))
      return at->second.from(x);
  return {};
}

} // namespace bennu::runtime::detail
