#pragma once

#include "channels/pubsub/topic.hpp"
#include "runtime/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

namespace bennu::channels {

/// How often a server's topics are broadcast on, counted for as long as an
/// observer looks: a topic has no byte to count with. Confined to its shard.
class topic_meter {
public:
  /// Topics that are counted between two looks; others show nothing. A flood of
  /// topics takes some hundred kilobytes, and only while somebody looks.
  static constexpr std::size_t topics_max = 4'096;

  /// Rates are over at least so long.
  static constexpr std::chrono::milliseconds window_min{1'000};

  /// Nobody has looked for so long: it may go. Longer than the longest interval
  /// of a viewer.
  static constexpr std::chrono::seconds kept_for{90};

  explicit topic_meter(runtime::time_point now) : looked_(now), since_(now) {}

  void count(const topic& x) {
    const auto at = counts_.find(x);
    if (at != counts_.end())
      ++at->second;
    else if (counts_.size() < topics_max)
      counts_.emplace(x, 1);
  }

  /// Somebody looks: what has been counted so far becomes the rates.
  void look(runtime::time_point now) {
    looked_ = now;
    if (now - since_ < window_min)
      return;
    window_ = now - since_;
    since_ = now;
    rates_.swap(counts_);
    counts_.clear();
  }

  /// Broadcasts in a second, rounded up, so that one is not none.
  std::int64_t per_second(const topic& x) const {
    const auto at = rates_.find(x);
    if (at == rates_.end())
      return 0;
    const auto ms = window_ / std::chrono::milliseconds{1};
    return (static_cast<std::int64_t>(at->second) * 1000 + ms - 1) / ms;
  }

  bool forgotten(runtime::time_point now) const {
    return now - looked_ > kept_for;
  }

private:
  using numbers =
    std::unordered_map<topic, std::uint64_t, topic_hash, std::equal_to<>>;

  numbers counts_;
  numbers rates_;
  runtime::time_point looked_;
  runtime::time_point since_;
  runtime::duration window_ = window_min;
};

} // namespace bennu::channels
