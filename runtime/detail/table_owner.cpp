#include "runtime/detail/table_owner.hpp"

#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/shard_impl.hpp"

#include <utility>

#include <fmt/core.h>

namespace bennu::runtime {

namespace detail {

namespace {

/// Objects of a table that has gone freed in one go, so that the end of a huge
/// one holds up nobody on its shard.
constexpr std::size_t freed_at_once_max = 1000;

void free_rows(shard_impl& shard, table_ptr table) {
  if (!table->dismantle(freed_at_once_max))
    return;
  shard.post([&shard, table = std::move(table)]() mutable {
    free_rows(shard, std::move(table));
  });
}

shard_impl& this_shard() {
  auto* shard = current_shard();
  if (!shard)
    throw table_error("a table is its owner's, which is a process");
  return *shard;
}

void end_table(const table_ptr& table, std::string why) {
  table->close(std::move(why));
  free_rows(this_shard(), table);
}

/// Sees to it that the tables of `who` are settled when it ends, or now when
/// it has.
void settle_at_end_of(node_impl& node, const pid& who) {
  auto& home = node.home_of(who);
  const auto note = [&node, &home, who] {
    if (auto* core = home.find_core(who))
      core->owns_tables();
    else
      settle_tables_of(node, who);
  };
  if (current_shard() == &home)
    note();
  else
    home.post(note);
}

void tell(const table_ptr& table, const pid& from, const pid& to,
          const message& data) {
  auto x = std::make_unique<envelope>();
  x->content =
    make_message(table_transfer{table->name(), table_ref{table}, from, data});
  x->sender = from;
  this_shard().route(to, std::move(x));
}

void check_owner(const table_core& table) {
  table_core::check_no_predicate();
  table.check_owner(running_process());
  table.check_open();
}

/// The heir of a table of this node, or nobody.
void check_heir(const node_impl& node, const pid& heir) {
  if (heir && !node.is_here(heir))
    throw table_error(
      fmt::format("{} cannot inherit: it is of another node", to_string(heir)));
}

} // namespace

pid running_process() noexcept {
  if (const auto* core = process_core::under_construction)
    return core->id();
  auto* shard = current_shard();
  const auto* frame = shard ? shard->frame() : nullptr;
  return frame ? frame->core->id() : pid{};
}

void own_table(process& self, const table_ptr& table) {
  table_core::check_no_predicate();
  if (table->owner() != self.self())
    throw table_error(fmt::format("table {} cannot be made for {}: only by it",
                                  table->name(), to_string(self.self())));
  auto& node = this_shard().owner();
  const auto heir = table->heir().heir;
  check_heir(node, heir);
  node.tables.add(table);
  settle_at_end_of(node, self.self());
  if (heir)
    settle_at_end_of(node, heir);
}

void give_table(const table_ptr& table, const pid& to, const message& data) {
  check_owner(*table);
  auto& home = this_shard();
  auto& node = home.owner();
  const auto from = table->owner();
  const auto dead_here =
    to && node.is_here(to) && to.shard() == home.index() && !home.find_core(to);
  if (!to || !node.is_here(to) || dead_here || to == from)
    throw table_error(fmt::format(
      "table {} cannot be given to {}: it is {}", table->name(), to_string(to),
      to == from ? "the owner" : "no process of this node alive"));
  if (!node.tables.give(table, from, to))
    return check_owner(*table);
  settle_at_end_of(node, to);
  tell(table, from, to, data);
}

void set_table_heir(const table_ptr& table, table_core::inheritance heir) {
  check_owner(*table);
  auto& node = this_shard().owner();
  const auto who = heir.heir;
  check_heir(node, who);
  node.tables.set_heir(*table, std::move(heir));
  if (who)
    settle_at_end_of(node, who);
}

void rename_table(const table_ptr& table, std::string_view name) {
  table_core::check_no_predicate();
  table->check_writer(running_process());
  table->check_open();
  this_shard().owner().tables.rename(*table, name);
}

void delete_table(const table_ptr& table) {
  table_core::check_no_predicate();
  table->check_writer(running_process());
  table->check_open();
  if (this_shard().owner().tables.remove(table))
    end_table(table, "it was deleted by " + to_string(running_process()));
}

void settle_tables_of(node_impl& node, const pid& who) {
  // A predicate that ends a process is inside a table, perhaps one of these.
  if (in_table_predicate)
    return this_shard().post([&node, who] { settle_tables_of(node, who); });
  const auto left = node.tables.ended(who);
  for (const auto& table : left.closed)
    end_table(table, "its owner " + to_string(who) + " has ended");
  for (const auto& table : left.inherited) {
    const auto will = table->heir();
    tell(table, who, will.heir, will.data);
  }
}

table_ptr find_table(const runtime::node& where, std::string_view name) {
  return where.find_table(name).core();
}

void wrong_table_type(const table_core& table, std::string_view row,
                      std::string_view key) {
  throw table_error(fmt::format("table {} has rows {} under keys {}, not {} "
                                "under {}",
                                table.name(), table.row_type(),
                                table.key_type(), row, key));
}

void no_table() {
  throw table_error("no table: an empty handle");
}

} // namespace detail

// -- table_ref, node ----------------------------------------------------------

bool table_ref::exists() const noexcept {
  return core_ && core_->open();
}

table_info table_ref::info() const {
  if (!core_)
    detail::no_table();
  detail::table_core::check_no_predicate();
  return core_->info();
}

table_rows table_ref::rows(std::size_t max, const std::any& after) const {
  if (!core_)
    detail::no_table();
  detail::table_core::check_no_predicate();
  return core_->rows(max, after);
}

table_ref node::find_table(std::string_view name) const {
  return table_ref{impl_->tables.find(name)};
}

table_ref node::find_table(std::uint64_t id) const {
  return table_ref{impl_->tables.find(id)};
}

std::vector<table_info> node::tables() const {
  std::vector<table_info> result;
  for (const auto& table : impl_->tables.all())
    try {
      result.push_back(table->info());
    } catch (const table_error&) {
      // It has ended since.
    }
  return result;
}

} // namespace bennu::runtime
