// What observers see of processes.
#include "runtime/detail/describe.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/probe_sheets.hpp"
#include "runtime/detail/process_access.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/sys.hpp"

#include <stdexcept>
#include <utility>

namespace bennu::runtime::detail {

std::string calling_name(const process_core& core) {
  if (core.is_named())
    return core.home().owner().names.name_of(core.id());
  auto label = core.label();
  return label.empty() ? core.initial_call() : label;
}

const char* status_name(const process_core& core) {
  if (core.is_suspended())
    return to_string(process_status::suspended);
  return to_string(core.is_runnable() ? process_status::runnable
                                      : process_status::waiting);
}

namespace {

enum process_column : std::size_t {
  at_pid,
  at_name,
  at_reductions,
  at_memory,
  at_mailbox,
  at_status,
  at_initial_call,
};

const std::vector<sheet_column> process_columns{
  {"pid", cell_kind::process_id},     {"name", cell_kind::text},
  {"reductions", cell_kind::integer}, {"memory", cell_kind::bytes},
  {"mailbox", cell_kind::integer},    {"status", cell_kind::text},
  {"initial call", cell_kind::text},
};

cell process_cell(const process_core& core, std::size_t column) {
  switch (column) {
  case at_name:
    return text_cell(calling_name(core));
  case at_reductions:
    return number_cell(core.reductions());
  case at_memory:
    return number_cell(core.memory());
  case at_mailbox:
    return number_cell(core.queue_length());
  case at_status:
    return status_name(core);
  case at_initial_call:
    return text_cell(core.initial_call());
  default:
    return core.id();
  }
}

std::unique_ptr<sheet_scan> look_at_processes(shard* here, const sheet_query&) {
  return scan_processes(*here, [](process& x, row_picker& to) {
    const auto& core = process_access::core(x);
    to.offer(process_cell(core, to.sort_column()), [&core] {
      sheet_row row;
      for (std::size_t i = 0; i < process_columns.size(); ++i)
        row.push_back(process_cell(core, i));
      return row;
    });
  });
}

/// Their shards may be blocked for as long as they like: what can be said
/// without asking.
void offer_detached(row_picker& to, const node_impl& node) {
  for (const auto& id : node.detached->processes())
    to.offer({id, text_cell(node.names.name_of(id)), std::int64_t{0},
              std::int64_t{0}, std::int64_t{0}, "detached", ""});
}

process_core& find_or_throw(shard* here, const std::string& about) {
  const auto id = parse_pid(about);
  auto* core = id ? static_cast<shard_impl*>(here)->find_core(*id) : nullptr;
  if (!core || !core->object())
    throw std::runtime_error("no process " + about + " is alive");
  return *core;
}

/// A process has as many links as it likes; a viewer sees so many.
constexpr std::size_t relations_shown_max = 100;

void offer_pids(row_picker& to, const char* key, const std::vector<pid>& ids) {
  to.offer({std::string{key} + " (count)", number_cell(ids.size())});
  for (std::size_t i = 0; i < ids.size() && i < relations_shown_max; ++i)
    to.offer({std::string{key}, ids[i]});
}

void offer_info(row_picker& to, const process_info& x, std::string state) {
  to.offer({"pid", x.id});
  to.offer({"name", text_cell(x.registered_name)});
  to.offer({"label", text_cell(x.label)});
  to.offer({"initial call", text_cell(x.initial_call)});
  to.offer({"status", to_string(x.status)});
  to.offer({"priority", to_string(x.priority)});
  to.offer({"shard", number_cell(x.home_shard)});
  to.offer({"mailbox", number_cell(x.message_queue_len)});
  to.offer({"reductions", number_cell(x.reductions)});
  to.offer({"memory", number_cell(x.memory)});
  to.offer({"trap_exit", x.trap_exit ? "true" : "false"});
  to.offer({"state", text_cell(std::move(state))});
  to.offer({"parent", x.parent});
  offer_pids(to, "link", x.links);
  offer_pids(to, "monitor", x.monitors);
  offer_pids(to, "monitored by", x.monitored_by);
  for (const auto& [key, value] : x.dictionary)
    to.offer({text_cell("dictionary " + key), text_cell(value)});
  for (const auto& waiting : x.messages)
    to.offer({"message", text_cell(waiting)});
}

std::unique_ptr<sheet_scan> look_at_process(shard* here, const sheet_query& q) {
  return scan_once([here, about = q.about](row_picker& to) {
    auto& core = find_or_throw(here, about);
    offer_info(to, describe(core),
               process_access::state(*core.object()).render());
  });
}

/// Never the whole mailbox: what a page can show of it.
std::unique_ptr<sheet_scan> look_at_messages(shard* here,
                                             const sheet_query& q) {
  return scan_once([here, about = q.about](row_picker& to) {
    std::size_t number = 0;
    for (const auto& x : find_or_throw(here, about).peek(to.room()))
      to.offer({number_cell(++number), text_cell(x.type_name()),
                text_cell(x.render(cell_text_max))});
  });
}

} // namespace

void publish_process_sheets(probe& to, node_impl& node) {
  to.publish({.name = "processes",
              .source = "runtime",
              .columns = process_columns,
              .sort = "reductions",
              .scan = look_at_processes});
  to.publish({.name = "processes",
              .source = "detached",
              .columns = process_columns,
              .scope = sheet_scope::node,
              .sort = "reductions",
              .scan = [&node](shard*, const sheet_query&) {
                return scan_once(
                  [&node](row_picker& x) { offer_detached(x, node); });
              }});
  to.publish({.name = "process",
              .source = "runtime",
              .columns = {{"key", cell_kind::text}, {"value", cell_kind::any}},
              .scope = sheet_scope::process,
              .about = "a pid",
              .scan = look_at_process});
  to.publish({.name = "messages",
              .source = "runtime",
              .columns = {{"no", cell_kind::integer},
                          {"type", cell_kind::text},
                          {"message", cell_kind::text}},
              .scope = sheet_scope::process,
              .about = "a pid",
              .scan = look_at_messages});
}

} // namespace bennu::runtime::detail
