#include "channels/tracker/replica.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

std::string to_string(const replica& x) {
  return fmt::format("{}#{}", x.name, x.vsn);
}

bool covers(const clock_vector& a, const clock_vector& b) {
  return std::all_of(b.begin(), b.end(), [&](const auto& x) {
    const auto found = a.find(x.first);
    return x.second == 0 || (found != a.end() && found->second >= x.second);
  });
}

void add_dominating(std::vector<replica_clocks>& to, replica_clocks x) {
  for (const auto& known : to)
    if (covers(known.seen, x.seen))
      return;
  std::erase_if(to,
                [&](const auto& known) { return covers(x.seen, known.seen); });
  to.push_back(std::move(x));
}

} // namespace bennu::channels
