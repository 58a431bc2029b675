#include "channels/pubsub/interest.hpp"

#include <new>

namespace bennu::channels {

namespace {

template <class T>
T* allocate_zeros(std::size_t size) {
  if (auto* found = std::calloc(size, sizeof(T)))
    return static_cast<T*>(found);
  throw std::bad_alloc{};
}

} // namespace

interest::interest(std::size_t servers)
  : words_((servers + word_bits - 1) / word_bits),
    bits_(allocate_zeros<std::uint64_t>(buckets * words_)),
    counts_(allocate_zeros<std::uint8_t>(buckets * servers)) {}

void interest::add(std::size_t server, const topic& on) noexcept {
  const auto bucket = bucket_of(on);
  auto& count = counts_[server * buckets + bucket];
  if (count == 0)
    word_of(server, bucket).fetch_or(bit_of(server), std::memory_order_release);
  if (count < count_max)
    ++count;
}

void interest::remove(std::size_t server, const topic& on) noexcept {
  const auto bucket = bucket_of(on);
  auto& count = counts_[server * buckets + bucket];
  if (count < count_max && --count == 0)
    word_of(server, bucket)
      .fetch_and(~bit_of(server), std::memory_order_release);
}

} // namespace bennu::channels
