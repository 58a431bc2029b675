#pragma once

#include "channels/json.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

/// How long something took, many times: 32 buckets to each power of two, so a
/// percentile is right within 3 %. One thread adds, any may look meanwhile,
/// without a lock; a look is a `distribution`. Mirrors HdrHistogram, of which
/// Debian has no C++ library. 12 KiB. Thread-safe for one writer.
class histogram {
public:
  static constexpr unsigned precision_bits = 5;

  /// 2^48 ns are 78 hours; longer counts as that long.
  static constexpr unsigned value_bits = 48;
  static constexpr std::size_t bucket_count = (value_bits - precision_bits + 1)
                                              << precision_bits;

  static std::size_t bucket_of(std::uint64_t ns) noexcept;

  /// The largest value that falls into a bucket.
  static std::uint64_t highest_of(std::size_t bucket) noexcept;

  void add(std::uint64_t ns) noexcept {
    auto& x = buckets_[bucket_of(ns)];
    x.store(x.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

private:
  friend class distribution;
  std::array<std::atomic<std::uint32_t>, bucket_count> buckets_{};
};

/// What histograms have counted, of threads and of machines together. Value.
class distribution {
public:
  distribution() : buckets_(histogram::bucket_count) {}

  distribution& operator+=(const histogram& x);
  distribution& operator+=(const distribution& x);

  /// What was added since an earlier look at the same histograms.
  distribution since(const distribution& before) const;

  std::uint64_t count() const;

  /// The value that `share` (0.99) of all do not exceed, in ns; 0 of nothing.
  std::uint64_t at(double share) const;
  double mean() const;

  /// `{"count", "mean_ms", "p50_ms", "p90_ms", "p99_ms", "p999_ms",
  /// "max_ms"}`.
  bennu::channels::json summary() const;

  /// All of it, `[[bucket, count], ...]`, for another process to add.
  bennu::channels::json to_json() const;

  /// Throws json::exception or std::out_of_range on what is none.
  static distribution from_json(const bennu::channels::json& x);

private:
  std::vector<std::uint64_t> buckets_;
};

} // namespace load
