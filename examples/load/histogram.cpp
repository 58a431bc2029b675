#include "examples/load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace load {

using bennu::channels::json;

std::size_t histogram::bucket_of(std::uint64_t ns) noexcept {
  constexpr auto highest = (std::uint64_t{1} << value_bits) - 1;
  const auto x = std::min(ns, highest);
  const auto width = static_cast<unsigned>(std::bit_width(x));
  if (width <= precision_bits)
    return x;
  const auto shift = width - precision_bits - 1;
  return ((shift + 1) << precision_bits)
         + ((x >> shift) - (std::uint64_t{1} << precision_bits));
}

std::uint64_t histogram::highest_of(std::size_t bucket) noexcept {
  const auto row = bucket >> precision_bits;
  if (row == 0)
    return bucket;
  const auto inside = bucket & ((std::size_t{1} << precision_bits) - 1);
  const auto base = (std::uint64_t{1} << precision_bits) + inside;
  return ((base + 1) << (row - 1)) - 1;
}

distribution& distribution::operator+=(const histogram& x) {
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    buckets_[i] += x.buckets_[i].load(std::memory_order_relaxed);
  return *this;
}

distribution& distribution::operator+=(const distribution& x) {
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    buckets_[i] += x.buckets_[i];
  return *this;
}

distribution distribution::since(const distribution& before) const {
  distribution out;
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    out.buckets_[i] = buckets_[i] - std::min(buckets_[i], before.buckets_[i]);
  return out;
}

std::uint64_t distribution::count() const {
  return std::accumulate(buckets_.begin(), buckets_.end(), std::uint64_t{0});
}

std::uint64_t distribution::at(double share) const {
  const auto all = count();
  if (all == 0)
    return 0;
  const auto wanted = std::max<std::uint64_t>(
    1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted)
      return histogram::highest_of(i);
  }
  return histogram::highest_of(buckets_.size() - 1);
}

double distribution::mean() const {
  double sum = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    if (buckets_[i] != 0)
      sum += static_cast<double>(buckets_[i])
             * static_cast<double>(histogram::highest_of(i));
  const auto all = count();
  return all == 0 ? 0 : sum / static_cast<double>(all);
}

json distribution::summary() const {
  const auto ms = [](double ns) { return std::round(ns / 1e3) / 1e3; };
  const auto share = [&](double x) { return ms(static_cast<double>(at(x))); };
  return {{"count", count()},      {"mean_ms", ms(mean())},
          {"p50_ms", share(0.5)},  {"p90_ms", share(0.9)},
          {"p99_ms", share(0.99)}, {"p999_ms", share(0.999)},
          {"max_ms", share(1)}};
}

json distribution::to_json() const {
  auto out = json::array();
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    if (buckets_[i] != 0)
      out.push_back({i, buckets_[i]});
  return out;
}

distribution distribution::from_json(const json& x) {
  distribution out;
  for (const auto& pair : x)
    out.buckets_.at(pair.at(0).get<std::size_t>()) +=
      pair.at(1).get<std::uint64_t>();
  return out;
}

} // namespace load
