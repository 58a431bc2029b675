#include "runtime/environment.hpp"

#include <mutex>
#include <stdexcept>
#include <utility>

namespace bennu::runtime {

void environment::set(std::string_view key, message value) {
  const std::unique_lock guard{mutex_};
  const auto at = values_.find(key);
  if (at != values_.end())
    at->second = std::move(value);
  else if (values_.size() < values_max)
    values_.emplace(key, std::move(value));
  else
    throw std::length_error("the environment of a node is full");
}

bool environment::insert(std::string_view key, message value) {
  const std::unique_lock guard{mutex_};
  if (values_.contains(key))
    return false;
  if (values_.size() >= values_max)
    throw std::length_error("the environment of a node is full");
  values_.emplace(key, std::move(value));
  return true;
}

message environment::get(std::string_view key) const {
  const std::shared_lock guard{mutex_};
  const auto at = values_.find(key);
  return at == values_.end() ? message{} : at->second;
}

bool environment::erase(std::string_view key) {
  const std::unique_lock guard{mutex_};
  const auto at = values_.find(key);
  if (at == values_.end())
    return false;
  values_.erase(at);
  return true;
}

std::vector<std::string> environment::keys(std::string_view prefix) const {
  std::vector<std::string> found;
  const std::shared_lock guard{mutex_};
  for (auto at = values_.lower_bound(prefix);
       at != values_.end() && at->first.starts_with(prefix); ++at)
    found.push_back(at->first);
  return found;
}

} // namespace bennu::runtime
