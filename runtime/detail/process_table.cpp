#include "runtime/detail/process_table.hpp"

namespace bennu::runtime::detail {

namespace {

constexpr auto local_max =
  pid::processes_per_shard_max - pid::processes_per_shard_max / 4;

} // namespace

process_table::process_table(std::uint32_t node, std::size_t shard)
  : node_(node),
    first_slot_(static_cast<std::uint32_t>(shard) << pid::index_bits) {}

process_table::slot& process_table::at(std::uint32_t index) {
  auto& where = chunks_[index >> chunk_bits];
  if (!where)
    where = std::make_unique<chunk>();
  return (*where)[index & (chunk_size - 1)];
}

pid process_table::acquire() {
  std::uint32_t index = free_head_;
  if (index != none) {
    free_head_ = at(index).chain;
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
  return {node_, first_slot_ | index, x.serial};
}

pid process_table::reserve_remote() {
  const std::lock_guard guard{remote_mutex_};
  if (!remote_free_.empty()) {
    auto x = remote_free_.back();
    remote_free_.pop_back();
    if (++x.serial == 0)
      x.serial = 1;
    return {node_, first_slot_ | x.index, x.serial};
  }
  if (remote_used_ == remote_max)
    return {};
  const auto index = pid::processes_per_shard_max - ++remote_used_;
  return {node_, first_slot_ | index, 1};
}

void process_table::insert(const pid& id, process_core* core) {
  auto& x = at(id.index());
  x.core = core;
  x.serial = id.serial;
  x.chain = none;
  size(size() + 1);
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
  x.chain = none;
  (free_tail_ == none ? free_head_ : at(free_tail_).chain) = id.index();
  free_tail_ = id.index();
}

} // namespace bennu::runtime::detail
