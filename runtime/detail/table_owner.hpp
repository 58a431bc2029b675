#pragma once

#include "runtime/detail/table_registry.hpp"
#include "runtime/fwd.hpp"
#include "runtime/table_ref.hpp"

#include <string_view>

namespace bennu::runtime::detail {

struct node_impl;

/// The process that runs on this thread; no process outside of one.
pid running_process() noexcept;

/// What a table's handle asks of the node; each checks that the running
/// process is the owner.
void own_table(process& self, const table_ptr& table);
void give_table(const table_ptr& table, const pid& to, const message& data);
void set_table_heir(const table_ptr& table, table_core::inheritance heir);
void rename_table(const table_ptr& table, std::string_view name);
void delete_table(const table_ptr& table);

table_ptr find_table(const node& where, std::string_view name);
[[noreturn]] void wrong_table_type(const table_core& table,
                                   std::string_view row, std::string_view key);
[[noreturn]] void no_table();

/// Closes or hands on what a process that has ended owned. On a shard.
void settle_tables_of(node_impl& node, const pid& who);

} // namespace bennu::runtime::detail
