#include "runtime/detail/process_table.hpp"

#include "runtime/detail/process_core.hpp"

namespace bennu::runtime::detail {

namespace {

constexpr auto local_max =
  pid::processes_per_shard_max - pid::processes_per_shard_max / 4;

pid make_pid(std::uint32_t node, std::size_t shard, std::uint32_t index,
             std::uint32_t serial) {
  return {node, static_cast<std::uint32_t>(shard << pid::index_bits) | index,
          serial};
}

} // namespace

process_table::slot& process_table::at(std::uint32_t index) {
  auto& where = chunks_[index >> chunk_bits];
  if (!where)
    where = std::make_unique<chunk>();
  return (*where)[index & (chunk_size - 1)];
}

pid process_table::acquire(std::uint32_t node, std::size_t shard) {
  std::uint32_t index = free_head_;
  if (index != none) {
    free_head_ = at(index).next_free;
    if (free_head_ == none)
      free_tail_ = none;
  } else if (used_ < local_max) {
    index = used_++;
  } else {
    return {};
  }
  auto& x = at(index);
  if (++x.serial == 0)
    x.serial = 1;
  return make_pid(node, shard, index, x.serial);
}

pid process_table::reserve_remote(std::uint32_t node, std::size_t shard) {
  const std::lock_guard guard{remote_mutex_};
  if (!remote_free_.empty()) {
    auto x = remote_free_.back();
    remote_free_.pop_back();
    if (++x.serial == 0)
      x.serial = 1;
    return make_pid(node, shard, x.index, x.serial);
  }
  if (remote_used_ == remote_max)
    return {};
  return make_pid(node, shard, pid::processes_per_shard_max - ++remote_used_,
                  1);
}

void process_table::insert(const pid& id, process_core* core) {
  auto& x = at(id.index());
  x.core = core;
  x.serial = id.serial;
  size(size() + 1);
}

process_core* process_table::find(const pid& id) const noexcept {
  const auto& where = chunks_[id.index() >> chunk_bits];
  if (!where)
    return nullptr;
  const auto& x = (*where)[id.index() & (chunk_size - 1)];
  return x.serial == id.serial ? x.core : nullptr;
}

void process_table::page(std::uint32_t first, std::size_t max,
                         std::vector<pid>& to) const {
  for (auto i = first; i < pid::processes_per_shard_max; ++i) {
    if (to.size() == max)
      return;
    const auto& part = chunks_[i >> chunk_bits];
    if (!part) {
      i |= chunk_size - 1;
      continue;
    }
    if (const auto* core = (*part)[i & (chunk_size - 1)].core)
      to.push_back(core->id());
  }
}

void process_table::erase(const pid& id) {
  auto& x = at(id.index());
  x.core = nullptr;
  size(size() - 1);
  if (id.index() >= local_max) {
    const std::lock_guard guard{remote_mutex_};
    remote_free_.push_back({id.index(), id.serial});
    return;
  }
  x.next_free = none;
  (free_tail_ == none ? free_head_ : at(free_tail_).next_free) = id.index();
  free_tail_ = id.index();
}

} // namespace bennu::runtime::detail
