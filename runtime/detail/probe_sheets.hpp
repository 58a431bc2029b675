#pragma once

#include "runtime/sheet.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace bennu::runtime {
class probe;
}

namespace bennu::runtime::detail {

class process_core;
struct node_impl;

// What the runtime shows to observers.

/// processes, process, messages
void publish_process_sheets(probe& to, node_impl& node);

/// activity: how much processes do just now
void publish_activity_sheet(probe& to, node_impl& node);

/// A process's name, or what else it is called: the first that there is.
std::string calling_name(const process_core& core);
const char* status_name(const process_core& core);

/// tables, rows
void publish_table_sheets(probe& to, node_impl& node);

/// registries, groups: their columns, until there is one of them
void publish_group_sheets(probe& to);
std::vector<sheet_column> group_columns();

/// node, shards, timers, names, limits, allocator
void publish_node_sheets(probe& to, node_impl& node);

/// What the runtime counts: processes, memory, cpu.
void publish_figures(probe& to, node_impl& node);

/// tree
void publish_tree_sheet(probe& to, node_impl& node);

/// What the operating system and the allocator tell of the program.
struct system_memory {
  /// Bytes of it that are in memory; 0 where that cannot be told.
  std::size_t resident = 0;

  /// Bytes the kernel holds for TCP, of all programs.
  std::size_t tcp = 0;
};
system_memory read_system_memory();

/// A number the allocator tells, e.g. "stats.allocated"; 0 when it is another
/// allocator than jemalloc.
std::size_t allocator_figure(const char* name);

/// The allocator's numbers are those of this call on, until the next.
bool refresh_allocator();

/// Time the calling thread has run on a processor.
std::size_t thread_cpu_ms();

} // namespace bennu::runtime::detail
