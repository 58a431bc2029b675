#include "runtime/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace bennu::runtime {

namespace {

/// A number in [0, 1) that only `id` and `n` decide, on every machine.
double fraction_of(std::string_view id, std::uint32_t n) {
  std::uint64_t mixed = 0xcbf29ce484222325ull ^ n;
  for (const char c : id)
    mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  mixed = (mixed ^ (mixed >> 31)) * 0x9e3779b97f4a7c15ull;
  return static_cast<double>(mixed >> 11) * 0x1.0p-53;
}

} // namespace

std::optional<std::string> check(const backoff& x) {
  if (x.min.count() < 0 || x.max < x.min)
    return fmt::format("its backoff goes from {} ms to {} ms: give 0 <= min "
                       "<= max",
                       x.min.count(), x.max.count());
  if (!(x.factor >= 1.0))
    return fmt::format("its backoff has factor {}: give 1 or more", x.factor);
  if (!(x.jitter >= 0.0 && x.jitter <= 1.0))
    return fmt::format("its backoff has jitter {}: give 0 to 1", x.jitter);
  if (x.quiet.count() < 0)
    return fmt::format("its backoff is reset after {} ms: give 0 or more",
                       x.quiet.count());
  return std::nullopt;
}

duration backoff_counter::next(const backoff& how, const std::string& id,
                               time_point now) {
  const auto since = std::exchange(started_, std::nullopt);
  if (since && now - *since >= how.quiet)
    attempts_ = 0;
  const auto limit = static_cast<double>(how.max.count());
  const auto grown = static_cast<double>(how.min.count())
                     * std::pow(how.factor, static_cast<double>(attempts_));
  ++attempts_;
  const auto off = 1.0 - how.jitter * fraction_of(id, attempts_);
  const std::chrono::duration<double, std::milli> wait{std::min(grown, limit)
                                                       * off};
  return std::chrono::duration_cast<duration>(wait);
}

} // namespace bennu::runtime
