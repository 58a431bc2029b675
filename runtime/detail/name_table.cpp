#include "runtime/detail/name_table.hpp"

#include <algorithm>

namespace bennu::runtime::detail {

bool name_table::insert(std::string_view name, const pid& id) {
  const std::unique_lock guard{mutex_};
  if (name.empty() || pids_.size() >= names_max || names_.contains(id))
    return false;
  if (!pids_.emplace(name, id).second)
    return false;
  names_.emplace(id, name);
  return true;
}

bool name_table::erase(std::string_view name) {
  const std::unique_lock guard{mutex_};
  const auto at = pids_.find(name);
  if (at == pids_.end())
    return false;
  names_.erase(at->second);
  pids_.erase(at);
  return true;
}

bool name_table::erase_name_of(const pid& id) {
  const std::unique_lock guard{mutex_};
  const auto owner = names_.find(id);
  if (owner == names_.end())
    return false;
  pids_.erase(owner->second);
  names_.erase(owner);
  return true;
}

pid name_table::find(std::string_view name) const {
  const std::shared_lock guard{mutex_};
  const auto at = pids_.find(name);
  return at == pids_.end() ? pid{} : at->second;
}

std::string name_table::name_of(const pid& id) const {
  const std::shared_lock guard{mutex_};
  const auto found = names_.find(id);
  return found == names_.end() ? std::string{} : found->second;
}

std::vector<std::string> name_table::all() const {
  const std::shared_lock guard{mutex_};
  std::vector<std::string> result;
  result.reserve(pids_.size());
  for (const auto& [name, id] : pids_)
    result.push_back(name);
  std::sort(result.begin(), result.end());
  return result;
}

bool name_table::page(std::size_t& place, std::size_t max,
                      std::vector<named_pid>& to) const {
  const std::shared_lock guard{mutex_};
  const auto buckets = pids_.bucket_count();
  for (std::size_t looked = 0; place < buckets && looked < max; ++place) {
    ++looked;
    for (auto x = pids_.begin(place); x != pids_.end(place); ++x, ++looked)
      to.emplace_back(x->first, x->second);
  }
  return place < buckets;
}

} // namespace bennu::runtime::detail
