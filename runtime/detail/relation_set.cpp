#include "runtime/detail/relation_set.hpp"

#include "runtime/assert.hpp"

#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace bennu::runtime::detail {

static_assert(std::is_trivially_copyable_v<relation> && sizeof(relation) == 24);

relation_set::~relation_set() {
  if (block_)
    free_block(block_);
}

std::size_t relation_set::size_of(std::uint32_t capacity) noexcept {
  return sizeof(block) + capacity * sizeof(relation)
         + (capacity > linear_max ? sizeof(std::unique_ptr<hash_index>) : 0);
}

relation_set::block* relation_set::make_block(std::uint32_t capacity) {
  auto* made = new (::operator new(size_of(capacity))) block;
  made->capacity = capacity;
  if (made->may_have_index())
    new (&made->index_place()) std::unique_ptr<hash_index>;
  return made;
}

void relation_set::free_block(block* x) noexcept {
  if (x->may_have_index())
    std::destroy_at(&x->index_place());
  ::operator delete(x);
}

std::size_t relation_set::hash_of(const relation& x) noexcept {
  return x.is_link() ? std::hash<pid>{}(x.other)
                     : static_cast<std::size_t>(x.ref * 0x9E3779B97F4A7C15ull);
}

template <class Match>
const relation* relation_set::find(std::size_t hash,
                                   Match match) const noexcept {
  if (!block_)
    return nullptr;
  const auto* positions = index();
  if (!positions) {
    for (const auto& x : *this)
      if (match(x))
        return &x;
    return nullptr;
  }
  const auto mask = positions->size() - 1;
  for (auto at = (hash >> 7) & mask; (*positions)[at] != 0;
       at = (at + 1) & mask) {
    const auto& x = begin()[(*positions)[at] - 1];
    if (match(x))
      return &x;
  }
  return nullptr;
}

const relation* relation_set::find_link(const pid& other) const noexcept {
  return find(std::hash<pid>{}(other), [&](const relation& x) {
    return x.is_link() && x.other == other;
  });
}

const relation* relation_set::find_ref(monitor_ref ref) const noexcept {
  return find(
    static_cast<std::size_t>(ref * 0x9E3779B97F4A7C15ull),
    [ref](const relation& x) { return !x.is_link() && x.ref == ref; });
}

void relation_set::add(const relation& x) {
  if (!block_ || block_->size == block_->capacity)
    grow();
  block_->records()[block_->size++] = x;
  if (auto* positions = index();
      positions && block_->size * 2 <= positions->size()) {
    const auto mask = positions->size() - 1;
    auto at = (hash_of(x) >> 7) & mask;
    while ((*positions)[at] != 0)
      at = (at + 1) & mask;
    (*positions)[at] = block_->size;
  } else if (block_->size > linear_max) {
    rebuild_index(block_->size * 4);
  }
}

void relation_set::remove(const relation* at) {
  const auto position = static_cast<std::uint32_t>(at - begin());
  const auto last = block_->size - 1;
  BENNU_ASSERT(position <= last);
  if (auto* positions = index()) {
    erase_bucket(bucket_of(position));
    if (position != last)
      (*positions)[bucket_of(last)] = position + 1;
  }
  block_->records()[position] = block_->records()[last];
  // An empty block stays: who has served one request serves more.
  block_->size = last;
}

std::size_t relation_set::bucket_of(std::uint32_t position) const noexcept {
  const auto& positions = *index();
  const auto mask = positions.size() - 1;
  auto at = (hash_of(begin()[position]) >> 7) & mask;
  while (positions[at] != position + 1)
    at = (at + 1) & mask;
  return at;
}

void relation_set::erase_bucket(std::size_t bucket) {
  // Closes the gap, so that no tombstones pile up under churn.
  auto& positions = *index();
  const auto mask = positions.size() - 1;
  positions[bucket] = 0;
  for (auto at = (bucket + 1) & mask; positions[at] != 0;
       at = (at + 1) & mask) {
    const auto home = (hash_of(begin()[positions[at] - 1]) >> 7) & mask;
    if (((at - home) & mask) >= ((at - bucket) & mask)) {
      positions[bucket] = std::exchange(positions[at], 0);
      bucket = at;
    }
  }
}

void relation_set::rebuild_index(std::size_t buckets) {
  std::size_t size = 64;
  while (size < buckets)
    size *= 2;
  auto positions = std::make_unique<hash_index>(size);
  for (std::uint32_t i = 0; i < block_->size; ++i) {
    auto at = (hash_of(begin()[i]) >> 7) & (size - 1);
    while ((*positions)[at] != 0)
      at = (at + 1) & (size - 1);
    (*positions)[at] = i + 1;
  }
  block_->index_place() = std::move(positions);
}

void relation_set::grow() {
  // From one on: a channel has one link, and there are millions of them.
  const auto old = block_ ? block_->capacity : 0;
  move_to(old == 0 ? 1 : old * 2);
}

void relation_set::shrink() {
  if (!block_ || block_->size == block_->capacity)
    return;
  if (block_->size == 0)
    return free_block(std::exchange(block_, nullptr));
  move_to(block_->size);
}

void relation_set::move_to(std::uint32_t capacity) {
  auto* fresh = make_block(capacity);
  if (block_) {
    fresh->size = block_->size;
    std::memcpy(fresh->records(), block_->records(),
                block_->size * sizeof(relation));
    if (fresh->may_have_index() && block_->may_have_index())
      fresh->index_place() = std::move(block_->index_place());
    free_block(block_);
  }
  block_ = fresh;
}

std::size_t relation_set::memory() const noexcept {
  const auto* positions = index();
  return (block_ ? size_of(block_->capacity) : 0)
         + (positions ? positions->size() * sizeof(std::uint32_t) : 0);
}

} // namespace bennu::runtime::detail
