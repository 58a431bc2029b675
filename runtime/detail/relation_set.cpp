#include "runtime/detail/relation_set.hpp"

#include "runtime/assert.hpp"

#include <bit>
#include <cstring>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

namespace bennu::runtime::detail {

static_assert(std::is_trivially_copyable_v<relation> && sizeof(relation) == 24);

relation_set::~relation_set() {
  if (auto* all = many())
    free_block(all);
}

std::size_t relation_set::size() const noexcept {
  const auto* all = many();
  return is_single() ? 1 : all ? all->size : 0;
}

// -- a single link ------------------------------------------------------------

bool relation_set::fits_alone(const pid& self, const relation& x) noexcept {
  return x.is_link() && x.ref == 0 && x.other.node == self.node
         && x.other.shard() == self.shard();
}

std::uint64_t relation_set::alone(const relation& x) noexcept {
  return single_mark | (x.what == relation::kind::parent ? parent_mark : 0)
         | std::uint64_t{x.other.index()} << place_shift
         | std::uint64_t{x.other.serial} << serial_shift;
}

relation relation_set::single(const pid& self) const noexcept {
  constexpr auto places = pid::processes_per_shard_max - 1;
  const auto place = static_cast<std::uint32_t>(word_ >> place_shift) & places;
  return {
    .ref = 0,
    .other = {.node = self.node,
              .slot = (self.slot & ~places) | place,
              .serial = static_cast<std::uint32_t>(word_ >> serial_shift)},
    .what = (word_ & parent_mark) != 0 ? relation::kind::parent
                                       : relation::kind::link};
}

// -- finding ------------------------------------------------------------------

std::size_t relation_set::hash_of(const relation& x) noexcept {
  return x.is_link() ? std::hash<pid>{}(x.other)
                     : static_cast<std::size_t>(x.ref * 0x9E3779B97F4A7C15ull);
}

bool relation_set::same(const relation& a, const relation& b) noexcept {
  return a.is_link() ? b.is_link() && a.other == b.other
                     : !b.is_link() && a.ref == b.ref;
}

template <class Match>
const relation* relation_set::find(std::size_t hash,
                                   Match match) const noexcept {
  const auto* all = many();
  if (!all)
    return nullptr;
  const auto* records = all->records();
  const auto* positions = index();
  if (!positions) {
    const auto* found = std::find_if(records, records + all->size, match);
    return found == records + all->size ? nullptr : found;
  }
  const auto mask = positions->size() - 1;
  for (auto at = (hash >> 7) & mask; (*positions)[at] != 0;
       at = (at + 1) & mask) {
    const auto& x = records[(*positions)[at] - 1];
    if (match(x))
      return &x;
  }
  return nullptr;
}

std::optional<relation>
relation_set::find_link(const pid& self, const pid& other) const noexcept {
  const relation wanted{.other = other};
  if (is_single()) {
    const auto x = single(self);
    return same(x, wanted) ? std::optional{x} : std::nullopt;
  }
  const auto* found =
    find(hash_of(wanted), [&](const relation& x) { return same(x, wanted); });
  return found ? std::optional{*found} : std::nullopt;
}

std::optional<relation> relation_set::find_ref(monitor_ref ref) const noexcept {
  const relation wanted{
    .ref = ref, .other = {}, .what = relation::kind::monitors};
  const auto* found =
    find(hash_of(wanted), [&](const relation& x) { return same(x, wanted); });
  return found ? std::optional{*found} : std::nullopt;
}

relation relation_set::last(const pid& self) const noexcept {
  return is_single() ? single(self) : many()->records()[many()->size - 1];
}

// -- adding and removing ------------------------------------------------------

void relation_set::add(const pid& self, const relation& x) {
  if (word_ == 0 && fits_alone(self, x)) {
    word_ = alone(x);
    return;
  }
  if (is_single()) {
    auto* fresh = make_block(2);
    fresh->records()[fresh->size++] = single(self);
    word_ = std::bit_cast<std::uint64_t>(fresh);
  } else if (!many() || many()->size == many()->capacity) {
    move_to(many() ? many()->capacity * 2 : 1);
  }
  auto& all = *many();
  all.records()[all.size++] = x;
  if (auto* positions = index();
      positions && all.size * 2 <= positions->size()) {
    const auto mask = positions->size() - 1;
    auto at = (hash_of(x) >> 7) & mask;
    while ((*positions)[at] != 0)
      at = (at + 1) & mask;
    (*positions)[at] = all.size;
  } else if (all.size > linear_max) {
    rebuild_index(all.size * 4);
  }
}

void relation_set::remove(const relation& x) {
  if (is_single()) {
    word_ = 0;
    return;
  }
  const auto* at =
    find(hash_of(x), [&](const relation& y) { return same(x, y); });
  BENNU_ASSERT(at);
  remove_at(static_cast<std::uint32_t>(at - many()->records()));
}

void relation_set::remove_at(std::uint32_t position) {
  auto& all = *many();
  const auto last = all.size - 1;
  if (auto* positions = index()) {
    erase_bucket(bucket_of(position));
    if (position != last)
      (*positions)[bucket_of(last)] = position + 1;
  }
  all.records()[position] = all.records()[last];
  // An empty block stays: who has served one request serves more.
  all.size = last;
}

std::size_t relation_set::bucket_of(std::uint32_t position) const noexcept {
  const auto& positions = *index();
  const auto mask = positions.size() - 1;
  auto at = (hash_of(many()->records()[position]) >> 7) & mask;
  while (positions[at] != position + 1)
    at = (at + 1) & mask;
  return at;
}

void relation_set::erase_bucket(std::size_t bucket) {
  // Closes the gap, so that no tombstones pile up under churn.
  auto& positions = *index();
  const auto* records = many()->records();
  const auto mask = positions.size() - 1;
  positions[bucket] = 0;
  for (auto at = (bucket + 1) & mask; positions[at] != 0;
       at = (at + 1) & mask) {
    const auto home = (hash_of(records[positions[at] - 1]) >> 7) & mask;
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
  auto& all = *many();
  auto positions = std::make_unique<hash_index>(size);
  for (std::uint32_t i = 0; i < all.size; ++i) {
    auto at = (hash_of(all.records()[i]) >> 7) & (size - 1);
    while ((*positions)[at] != 0)
      at = (at + 1) & (size - 1);
    (*positions)[at] = i + 1;
  }
  all.index_place() = std::move(positions);
}

// -- room ---------------------------------------------------------------------

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

void relation_set::shrink() {
  auto* all = many();
  if (!all || all->size == all->capacity)
    return;
  if (all->size == 0) {
    word_ = 0;
    return free_block(all);
  }
  move_to(all->size);
}

void relation_set::move_to(std::uint32_t capacity) {
  auto* fresh = make_block(capacity);
  if (auto* all = many()) {
    fresh->size = all->size;
    std::memcpy(fresh->records(), all->records(), all->size * sizeof(relation));
    if (fresh->may_have_index() && all->may_have_index())
      fresh->index_place() = std::move(all->index_place());
    free_block(all);
  }
  word_ = std::bit_cast<std::uint64_t>(fresh);
}

std::size_t relation_set::memory() const noexcept {
  const auto* all = many();
  const auto* positions = index();
  return (all ? size_of(all->capacity) : 0)
         + (positions ? positions->size() * sizeof(std::uint32_t) : 0);
}

} // namespace bennu::runtime::detail
