#include "runtime/detail/table_registry.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::runtime::detail {

table_registry::~table_registry() {
  for (const auto& [id, table] : tables_)
    table->close("its node has ended");
}

void table_registry::add(const table_ptr& table) {
  const std::lock_guard guard{mutex_};
  if (tables_.size() >= tables_max_)
    throw std::length_error(
      fmt::format("no room for table {}: the node's tables_max is {}",
                  table->name(), tables_max_));
  if (table->named() && !names_.emplace(table->name(), table).second)
    throw table_error(
      fmt::format("there is a table {} already", table->name()));
  tables_.emplace(table->id(), table);
  owned_[table->owner()].push_back(table);
  if (const auto heir = table->heir().heir)
    heirs_.insert(heir);
}

void table_registry::rename(table_core& table, std::string_view name) {
  const std::lock_guard guard{mutex_};
  const auto at = tables_.find(table.id());
  if (at == tables_.end())
    return table.check_open();
  if (table.named()) {
    if (name.empty() || !names_.emplace(name, at->second).second)
      throw table_error(fmt::format("table {} cannot be renamed: the name {} "
                                    "is taken or empty",
                                    table.name(), name));
    names_.erase(table.name());
  }
  table.set_name(name);
}

bool table_registry::give(const table_ptr& table, const pid& from,
                          const pid& to) {
  const std::lock_guard guard{mutex_};
  if (!tables_.contains(table->id()) || table->owner() != from)
    return false;
  std::erase(owned_[from], table);
  owned_[to].push_back(table);
  table->set_owner(to);
  return true;
}

void table_registry::set_heir(table_core& table, table_core::inheritance heir) {
  const std::lock_guard guard{mutex_};
  if (heir.heir)
    heirs_.insert(heir.heir);
  table.set_heir(std::move(heir));
}

void table_registry::forget(const table_ptr& table) {
  if (table->named())
    names_.erase(table->name());
  tables_.erase(table->id());
}

bool table_registry::remove(const table_ptr& table) {
  const std::lock_guard guard{mutex_};
  if (!tables_.contains(table->id()))
    return false;
  const auto owner = owned_.find(table->owner());
  std::erase(owner->second, table);
  if (owner->second.empty())
    owned_.erase(owner);
  forget(table);
  return true;
}

table_registry::estate table_registry::ended(const pid& who) {
  const std::lock_guard guard{mutex_};
  estate left;
  heirs_.erase(who);
  auto mine = owned_.extract(who);
  if (mine.empty())
    return left;
  for (auto& table : mine.mapped()) {
    const auto heir = table->heir().heir;
    if (!heir || !heirs_.contains(heir)) {
      forget(table);
      left.closed.push_back(std::move(table));
      continue;
    }
    table->set_owner(heir);
    owned_[heir].push_back(table);
    left.inherited.push_back(std::move(table));
  }
  return left;
}

table_ptr table_registry::find(std::string_view name) const {
  const std::lock_guard guard{mutex_};
  const auto at = names_.find(name);
  return at == names_.end() ? nullptr : at->second;
}

table_ptr table_registry::find(std::uint64_t id) const {
  const std::lock_guard guard{mutex_};
  const auto at = tables_.find(id);
  return at == tables_.end() ? nullptr : at->second;
}

std::vector<table_ptr> table_registry::all() const {
  const std::lock_guard guard{mutex_};
  std::vector<table_ptr> result;
  result.reserve(tables_.size());
  for (const auto& [id, table] : tables_)
    result.push_back(table);
  return result;
}

} // namespace bennu::runtime::detail
