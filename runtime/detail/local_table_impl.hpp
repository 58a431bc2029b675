#pragma once

#include "runtime/local_table.hpp"

namespace bennu::runtime {

template <class Row, class Key, class Hash>
local_table<Row, Key, Hash>::~local_table() {
  for (auto* x = cursors_; x; x = x->following_)
    x->owner_ = nullptr;
}

template <class Row, class Key, class Hash>
object_ref local_table<Row, Key, Hash>::insert(const Key& key, Row row) {
  return insert_if(key, std::move(row), [this] {
    if (size_ >= options_.objects_max)
      detail::table_is_full(options_.name, options_.objects_max);
  });
}

template <class Row, class Key, class Hash>
template <class Admit>
object_ref local_table<Row, Key, Hash>::insert_if(const Key& key, Row row,
                                                  Admit admit) {
  const auto index = index_of(key);
  if (index != none && keys_[index].head != none) {
    const auto head = keys_[index].head;
    if (options_.kind == table_kind::set || is_ordered()) {
      at(head).row = std::move(row);
      return ref_to(head);
    }
    if (options_.kind == table_kind::bag)
      if (auto equal = find_equal(index, row))
        return *equal;
  }
  admit();
  if (index == none)
    return append(make_key(key), std::move(row));
  if (keys_[index].count == 0)
    --dead_keys_;
  return append(index, std::move(row));
}

template <class Row, class Key, class Hash>
object_ref local_table<Row, Key, Hash>::append(std::uint32_t key, Row row) {
  const auto i = make_place();
  auto& added = at(i);
  auto& list = keys_[key];
  added.row = std::move(row);
  added.key = key;
  added.next = none;
  added.previous = list.tail;
  added.birth_low = static_cast<std::uint32_t>(births_);
  added.birth_high = static_cast<std::uint32_t>(births_ >> 32);
  ++births_;
  (list.tail == none ? list.head : at(list.tail).next) = i;
  list.tail = i;
  ++list.count;
  ++size_;
  return ref_to(i);
}

template <class Row, class Key, class Hash>
bool local_table<Row, Key, Hash>::erase(const object_ref& ref) {
  if (!find(ref))
    return false;
  auto& gone = at(ref.place);
  for (auto* x = cursors_; x; x = x->following_)
    if (x->mode_ == cursor::mode::one_key && x->next_ == ref.place)
      x->next_ = gone.next;
  auto& list = keys_[gone.key];
  (gone.previous == none ? list.head : at(gone.previous).next) = gone.next;
  (gone.next == none ? list.tail : at(gone.next).previous) = gone.previous;
  if (--list.count == 0)
    drop_key(gone.key);
  gone.row = Row{};
  gone.key = none;
  gone.next = std::exchange(free_place_, ref.place);
  --size_;
  return true;
}

template <class Row, class Key, class Hash>
template <class K>
std::size_t local_table<Row, Key, Hash>::erase_key(const K& key) {
  const auto index = index_of(key);
  if (index == none)
    return 0;
  const std::size_t erased = keys_[index].count;
  for (std::size_t i = 0; i < erased; ++i)
    erase(ref_to(keys_[index].head));
  return erased;
}

template <class Row, class Key, class Hash>
void local_table<Row, Key, Hash>::clear() {
  for (std::uint32_t i = 0; i < used_; ++i)
    if (at(i).key != none)
      erase(ref_to(i));
}

template <class Row, class Key, class Hash>
const Row* local_table<Row, Key, Hash>::find(const object_ref& ref) const {
  if (ref.place >= used_)
    return nullptr;
  const auto& x = at(ref.place);
  return x.key != none && x.birth_low == ref.birth ? &x.row : nullptr;
}

template <class Row, class Key, class Hash>
template <class K>
std::vector<Row> local_table<Row, Key, Hash>::lookup(const K& key) const {
  std::vector<Row> rows;
  const auto index = index_of(key);
  if (index == none)
    return rows;
  rows.reserve(keys_[index].count);
  for (auto i = keys_[index].head; i != none; i = at(i).next)
    rows.push_back(at(i).row);
  return rows;
}

template <class Row, class Key, class Hash>
template <class K>
std::size_t local_table<Row, Key, Hash>::count(const K& key) const {
  const auto index = index_of(key);
  return index == none ? 0 : keys_[index].count;
}

template <class Row, class Key, class Hash>
template <class K>
const Key* local_table<Row, Key, Hash>::find_key(const K& key) const {
  const auto index = index_of(key);
  return index == none || keys_[index].count == 0 ? nullptr : keys_[index].key;
}

template <class Row, class Key, class Hash>
table_info local_table<Row, Key, Hash>::info() const {
  // A node of a standard map: the pair and about four pointers.
  constexpr auto node = sizeof(std::pair<Key, std::uint32_t>) + 32;
  const auto memory = chunks_.size() * (chunk_size * sizeof(place) + 8)
                      + keys_.capacity() * sizeof(key_record)
                      + (hashed_.size() + sorted_.size()) * node
                      + hashed_.bucket_count() * 8;
  return {.name = options_.name,
          .kind = options_.kind,
          .size = size_,
          .keys = hashed_.size() + sorted_.size() - dead_keys_,
          .memory = memory,
          .objects_max = options_.objects_max,
          .fixed = holds_};
}

template <class Row, class Key, class Hash>
template <class K>
std::uint32_t local_table<Row, Key, Hash>::index_of(const K& key) const {
  if (is_ordered()) {
    const auto found = sorted_.find(key);
    return found == sorted_.end() ? none : found->second;
  }
  const auto found = hashed_.find(key);
  return found == hashed_.end() ? none : found->second;
}

template <class Row, class Key, class Hash>
std::uint32_t local_table<Row, Key, Hash>::make_key(const Key& key) {
  auto index = free_key_;
  if (index == none) {
    index = static_cast<std::uint32_t>(keys_.size());
    keys_.emplace_back();
  } else {
    free_key_ = std::exchange(keys_[index].head, none);
  }
  if (index < first_hint_.load(std::memory_order_relaxed))
    first_hint_.store(index, std::memory_order_relaxed);
  keys_[index].key = is_ordered() ? &sorted_.emplace(key, index).first->first
                                  : &hashed_.emplace(key, index).first->first;
  return index;
}

template <class Row, class Key, class Hash>
void local_table<Row, Key, Hash>::drop_key(std::uint32_t index) {
  if (holds_ > 0) {
    ++dead_keys_;
    return buried_.push_back(index);
  }
  if (is_ordered())
    sorted_.erase(sorted_.find(*keys_[index].key));
  else
    hashed_.erase(hashed_.find(*keys_[index].key));
  keys_[index] = {};
  keys_[index].head = std::exchange(free_key_, index);
}

template <class Row, class Key, class Hash>
std::uint32_t local_table<Row, Key, Hash>::make_place() {
  if (free_place_ != none)
    return std::exchange(free_place_, at(free_place_).next);
  if (used_ == chunks_.size() * chunk_size)
    chunks_.push_back(std::make_unique<place[]>(chunk_size));
  return used_++;
}

template <class Row, class Key, class Hash>
std::optional<object_ref>
local_table<Row, Key, Hash>::find_equal(std::uint32_t key,
                                        const Row& row) const {
  if constexpr (std::equality_comparable<Row>)
    for (auto i = keys_[key].head; i != none; i = at(i).next)
      if (at(i).row == row)
        return ref_to(i);
  return {};
}

template <class Row, class Key, class Hash>
local_table<Row, Key, Hash>::cursor::cursor(local_table& owner)
  : owner_(&owner),
    mode_(owner.is_ordered() ? mode::keys_in_order : mode::places), next_(0),
    end_birth_(owner.births_) {
  enlist();
}

template <class Row, class Key, class Hash>
template <class K>
local_table<Row, Key, Hash>::cursor::cursor(local_table& owner, const K& key)
  : owner_(&owner), mode_(mode::one_key), end_birth_(owner.births_) {
  const auto index = owner.index_of(key);
  if (index != none)
    next_ = owner.keys_[index].head;
  enlist();
}

template <class Row, class Key, class Hash>
void local_table<Row, Key, Hash>::cursor::enlist() {
  following_ = std::exchange(owner_->cursors_, this);
  back_ = &owner_->cursors_;
  if (following_)
    following_->back_ = &following_;
}

template <class Row, class Key, class Hash>
local_table<Row, Key, Hash>::cursor::~cursor() {
  if (!owner_)
    return;
  *back_ = following_;
  if (following_)
    following_->back_ = back_;
}

template <class Row, class Key, class Hash>
const Row* local_table<Row, Key, Hash>::cursor::next() {
  if (!owner_)
    return nullptr;
  const auto i = mode_ == mode::keys_in_order ? step_in_key_order() : step();
  if (i == none)
    return nullptr;
  ref_ = owner_->ref_to(i);
  return &owner_->at(i).row;
}

template <class Row, class Key, class Hash>
std::uint32_t local_table<Row, Key, Hash>::cursor::step() {
  if (mode_ == mode::one_key) {
    // Rows of a key are in birth order: the first born later ends it.
    if (next_ == none || owner_->at(next_).birth() >= end_birth_)
      return next_ = none;
    return std::exchange(next_, owner_->at(next_).next);
  }
  while (next_ < owner_->used_) {
    const auto i = next_++;
    const auto& x = owner_->at(i);
    if (x.key != none && x.birth() < end_birth_)
      return i;
  }
  return none;
}

template <class Row, class Key, class Hash>
std::uint32_t local_table<Row, Key, Hash>::cursor::step_in_key_order() {
  const auto& keys = owner_->sorted_;
  auto i = last_ ? keys.upper_bound(*last_) : keys.begin();
  for (; i != keys.end(); ++i) {
    const auto head = owner_->keys_[i->second].head;
    if (head == none || owner_->at(head).birth() >= end_birth_)
      continue;
    last_ = i->first;
    return head;
  }
  return none;
}

} // namespace bennu::runtime
