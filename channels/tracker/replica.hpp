#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bennu::channels {

/// One life of one tracker: its node's name and a number that a later life of
/// the same name exceeds. Mirrors Phoenix.Tracker.Replica's ref. Value.
struct replica {
  std::string name{};
  std::uint64_t vsn = 0;

  // clang-tidy takes the 0 that <=> is compared with for a null pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const replica&, const replica&) = default;
};

/// `chat@10.0.0.1#7`.
std::string to_string(const replica& x);

/// How much somebody has seen of each replica: all its changes up to a number.
/// Mirrors Phoenix.Tracker.Clock. Value.
using clock_vector = std::map<replica, std::uint64_t>;

/// Whether `a` has seen all that `b` has.
bool covers(const clock_vector& a, const clock_vector& b);

/// Who has seen what.
struct replica_clocks {
  replica who;
  clock_vector seen;
};

/// Adds to a set in which nobody has seen all that another has: the newcomer
/// stays out, or takes the place of those it covers. What is left at the end
/// are the fewest to ask for everything. Mirrors Clock.append_clock/2.
void add_dominating(std::vector<replica_clocks>& to, replica_clocks x);

} // namespace bennu::channels
