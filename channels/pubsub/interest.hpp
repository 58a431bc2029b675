#pragma once

#include "channels/pubsub/topic.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace bennu::channels {

/// Which servers of a pubsub may have a subscriber of a topic, so that a
/// broadcast is a job for those alone: on a node of many shards most rooms live
/// on few. Known by buckets of topics: a broadcast may come to a server for
/// nothing, but never passes one by that has a subscriber. Takes 8 bytes a
/// bucket for 64 servers, and one a bucket and server; a page of buckets
/// without topics takes none.
///
/// Whoever has heard of a subscription by a message finds it here. `add` and
/// `remove` of one server are confined to its shard; the rest is thread-safe.
class interest {
public:
  /// Where a server has 16,000 topics, a broadcast of another one comes to it
  /// for nothing one time in five.
  static constexpr std::size_t buckets = 65'536;

  /// So many topics of a server in one bucket are counted no more: to it come
  /// the broadcasts of that bucket for good.
  static constexpr std::uint8_t count_max = 255;

  explicit interest(std::size_t servers);

  /// A server has its first subscription of a topic.
  void add(std::size_t server, const topic& on) noexcept;

  /// It has lost the last one.
  void remove(std::size_t server, const topic& on) noexcept;

  /// Calls `f(server)` with each that may have a subscriber.
  template <class F>
  void for_each(const topic& on, F f) const {
    const auto first = bucket_of(on) * words_;
    for (std::size_t i = 0; i < words_; ++i) {
      auto left = word{bits_[first + i]}.load(std::memory_order_acquire);
      for (; left != 0; left &= left - 1)
        f(i * word_bits + static_cast<std::size_t>(std::countr_zero(left)));
    }
  }

private:
  using word = std::atomic_ref<std::uint64_t>;
  static constexpr std::size_t word_bits = 64;

  // From the kernel as zeros, so that what is never written is never there.
  struct freed {
    void operator()(void* x) const noexcept { std::free(x); }
  };
  template <class T>
  using zeros = std::unique_ptr<T[], freed>;

  static std::size_t bucket_of(const topic& on) noexcept {
    return topic_hash{}(on) % buckets;
  }
  word word_of(std::size_t server, std::size_t bucket) const noexcept {
    return word{bits_[bucket * words_ + server / word_bits]};
  }
  static std::uint64_t bit_of(std::size_t server) noexcept {
    return std::uint64_t{1} << server % word_bits;
  }

  const std::size_t words_; // of a bucket
  zeros<std::uint64_t> bits_;
  zeros<std::uint8_t> counts_; // topics, by server and bucket
};

} // namespace bennu::channels
