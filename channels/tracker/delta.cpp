#include "channels/tracker/delta.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace bennu::channels {

namespace {

bool by_clock(const tracked_ptr& a, const tracked_ptr& b) {
  return a->clock < b->clock;
}

bool is_well_formed(const delta_part& x) {
  const auto not_ascending = [](const tracked_ptr& a, const tracked_ptr& b) {
    return !by_clock(a, b);
  };
  // The numbers begin at 1: 0 is what nobody has seen.
  return x.after <= x.upto && x.upto <= delta::clock_max
         && std::adjacent_find(x.seen.begin(), x.seen.end(),
                               std::greater_equal<>{})
              == x.seen.end()
         && (x.seen.empty()
             || (x.seen.front() > 0 && x.seen.back() <= delta::clock_max))
         && std::all_of(x.live.begin(), x.live.end(),
                        [&](const auto& e) {
                          return e && e->clock > 0 && x.has_seen(e->clock);
                        })
         && std::adjacent_find(x.live.begin(), x.live.end(), not_ascending)
              == x.live.end();
}

bool touches(const delta_part& a, const delta_part& b) {
  return a.after <= b.upto && b.after <= a.upto;
}

/// Both ways at once: what one of the two has seen and does not hold is gone.
delta_part joined(const delta_part& a, const delta_part& b) {
  delta_part sum{.of = a.of,
                 .after = std::min(a.after, b.after),
                 .upto = std::max(a.upto, b.upto)};
  std::set_union(a.seen.begin(), a.seen.end(), b.seen.begin(), b.seen.end(),
                 std::back_inserter(sum.seen));
  std::erase_if(sum.seen,
                [&](auto x) { return sum.after < x && x <= sum.upto; });
  std::set_union(a.live.begin(), a.live.end(), b.live.begin(), b.live.end(),
                 std::back_inserter(sum.live), by_clock);
  std::erase_if(sum.live, [&](const auto& x) {
    return (a.has_seen(x->clock) && !a.is_live(x->clock))
           || (b.has_seen(x->clock) && !b.is_live(x->clock));
  });
  return sum;
}

auto find_part(std::vector<delta_part>& in, const replica& of) {
  return std::find_if(in.begin(), in.end(),
                      [&](const auto& x) { return x.of == of; });
}

} // namespace

bool delta_part::has_seen(std::uint64_t clock) const {
  return (after < clock && clock <= upto)
         || std::binary_search(seen.begin(), seen.end(), clock);
}

bool delta_part::is_live(std::uint64_t clock) const {
  const auto at =
    std::lower_bound(live.begin(), live.end(), clock,
                     [](const auto& x, auto c) { return x->clock < c; });
  return at != live.end() && (*at)->clock == clock;
}

std::size_t delta::size() const noexcept {
  return std::accumulate(
    parts.begin(), parts.end(), std::size_t{0},
    [](std::size_t sum, const auto& x) { return sum + x.size(); });
}

bool is_well_formed(const delta& x) {
  return std::all_of(x.parts.begin(), x.parts.end(),
                     [](const auto& part) { return is_well_formed(part); });
}

bool extend(delta& to, const delta& by) {
  for (const auto& part : by.parts)
    if (const auto found = find_part(to.parts, part.of);
        found != to.parts.end() && !touches(*found, part))
      return false;
  for (const auto& part : by.parts) {
    const auto found = find_part(to.parts, part.of);
    if (found == to.parts.end())
      to.parts.push_back(part);
    else
      *found = joined(*found, part);
  }
  return true;
}

} // namespace bennu::channels
