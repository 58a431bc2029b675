#pragma once

#include "channels/tracker/state.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace bennu::channels {

inline std::vector<std::string>
sorted_keys(const std::vector<tracked_ptr>& xs) {
  std::vector<std::string> all;
  all.reserve(xs.size());
  for (const auto& x : xs)
    all.push_back(x->key.str());
  std::sort(all.begin(), all.end());
  return all;
}

} // namespace bennu::channels
